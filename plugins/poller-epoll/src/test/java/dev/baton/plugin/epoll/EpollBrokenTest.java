package dev.baton.plugin.epoll;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.testkit.BrokenPoller;
import dev.baton.testkit.BrokenPollerRun;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The contract sees when an edge-triggered poller is wrong: each of these is this one with one thing broken. */
class EpollBrokenTest {

    static List<BrokenPoller> broken() {
        return BrokenPoller.of(true);
    }

    @ParameterizedTest
    @MethodSource("broken")
    void shouldFailTheContract(BrokenPoller broken) {
        for (String test : broken.catchers()) {
            assertThat(BrokenPollerRun.run(broken, EpollProvider.class, test))
                    .as("failure of %s", test)
                    .containsInstanceOf(AssertionError.class);
        }
    }
}
