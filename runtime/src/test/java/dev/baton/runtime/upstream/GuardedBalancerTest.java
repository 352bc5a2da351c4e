package dev.baton.runtime.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.upstream.BalancedServer;
import dev.baton.spi.upstream.Balancer;
import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.ServerChoice;
import dev.baton.spi.upstream.UpstreamServer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A balancer that fails costs no request, and all requests do not go to one server then. */
class GuardedBalancerTest {
    private final List<Throwable> failures = new ArrayList<>();

    private List<Integer> choices(Balancer balancer) {
        ServerChoice choice = new GuardedBalancer("odd", balancer, failures::add).over(List.of(server(0), server(1)));
        List<Integer> choices = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            choices.add(choice.choose(RequestFacts.NONE));
        }
        return choices;
    }

    private static BalancedServer server(int index) {
        return new BalancedServer() {
            @Override
            public UpstreamServer server() {
                return new UpstreamServer("a:1", index);
            }

            @Override
            public int weight() {
                return 256;
            }

            @Override
            public int inFlight() {
                return 0;
            }

            @Override
            public long latencyNanos() {
                return 0;
            }
        };
    }

    @Test
    void oneThatIsRightIsFollowed() {
        assertThat(choices(servers -> request -> 1)).containsOnly(1);
        assertThat(failures).isEmpty();
    }

    @Test
    void oneThatThrowsWhileChoosingIsCounted() {
        assertThat(choices(servers -> request -> {
                    throw new LinkageError("gone");
                }))
                .containsExactly(0, 1, 0, 1);
        assertThat(failures).hasSize(4).hasOnlyElementsOfType(LinkageError.class);
    }

    @Test
    void oneThatNamesNoServerIsCounted() {
        assertThat(choices(servers -> request -> 2)).containsExactly(0, 1, 0, 1);
        assertThat(choices(servers -> request -> -1)).containsExactly(0, 1, 0, 1);
        assertThat(failures).hasSize(8);
    }

    @Test
    void oneThatCannotPrepareIsCountedOnce() {
        assertThat(choices(servers -> {
                    throw new IllegalStateException("no");
                }))
                .containsExactly(0, 1, 0, 1);
        assertThat(failures).hasSize(1);
    }
}
