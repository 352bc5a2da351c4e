package __package__;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.upstream.BalancedServer;
import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.UpstreamServer;
import java.net.SocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The choice alone, among servers whose figures the test sets. */
class __Name__Test {
    private static final RequestFacts REQUEST = new RequestFacts() {
        @Override
        public @Nullable SocketAddress clientAddress() {
            return null;
        }

        @Override
        public @Nullable String field(String name) {
            return null;
        }
    };

    private record FakeServer(UpstreamServer server, int inFlight) implements BalancedServer {
        @Override
        public int weight() {
            return 256;
        }

        @Override
        public long latencyNanos() {
            return 0;
        }
    }

    private static int choose(int first, int second, int third) {
        List<BalancedServer> servers = List.of(
                new FakeServer(new UpstreamServer("10.0.0.1:80", 0), first),
                new FakeServer(new UpstreamServer("10.0.0.2:80", 1), second),
                new FakeServer(new UpstreamServer("10.0.0.3:80", 2), third));
        return new __Name__Balancer(new __Name__Balancer.Keys(2)).over(servers).choose(REQUEST);
    }

    @Test
    void shouldChooseTheFirstThatHasRoom() {
        assertThat(choose(1, 0, 0)).isZero();
        assertThat(choose(2, 1, 0)).isOne();
        assertThat(choose(2, 2, 9)).isEqualTo(2);
    }
}
