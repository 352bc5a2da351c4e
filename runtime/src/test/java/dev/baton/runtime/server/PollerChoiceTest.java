package dev.baton.runtime.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import dev.baton.runtime.config.NoKeys;
import dev.baton.runtime.plugin.Contribution;
import dev.baton.runtime.plugin.ExtensionPoint;
import dev.baton.spi.poller.PollerProvider;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which poller a process takes, and what it says of the others. */
class PollerChoiceTest {
    private static final Optional<String> WORKS = Optional.empty();

    private static Contribution<PollerProvider> poller(String name, int preference, Optional<String> unavailable) {
        PollerProvider provider = mock(PollerProvider.class);
        when(provider.preference()).thenReturn(preference);
        when(provider.unavailable()).thenReturn(unavailable);
        return new Contribution<>(ExtensionPoint.POLLER, "plugin-" + name, name, NoKeys.class, false, () -> provider);
    }

    @Test
    void shouldTakeTheBestThatWorks() throws Exception {
        PollerChoice choice = PollerChoice.of(
                Optional.empty(),
                List.of(
                        poller("poll", 10, WORKS),
                        poller("best", 200, Optional.of("the kernel is too old")),
                        poller("epoll", 100, WORKS)));
        assertThat(choice.name()).isEqualTo("epoll");
        assertThat(choice.why())
                .isEqualTo("not best: the kernel is too old; not poll: its preference is 10, that of epoll 100");
    }

    @Test
    void shouldTakeWhatIsAskedFor() throws Exception {
        PollerChoice choice =
                PollerChoice.of(Optional.of("poll"), List.of(poller("poll", 10, WORKS), poller("epoll", 100, WORKS)));
        assertThat(choice.name()).isEqualTo("poll");
        assertThat(choice.why()).isEqualTo("not epoll: the configuration asks for poll");
    }

    @Test
    void shouldNotTakeAnotherOneThanTheOneAskedFor() {
        assertThatExceptionOfType(StartException.class)
                .isThrownBy(() -> PollerChoice.of(
                        Optional.of("best"),
                        List.of(poller("best", 200, Optional.of("it is broken")), poller("poll", 10, WORKS))))
                .withMessageContaining("not best: it is broken")
                .withMessageContaining("remove `poller:`")
                .satisfies(e -> assertThat(e.kind()).isEqualTo(StartException.Kind.CONFIGURATION));
    }

    @Test
    void shouldSayThatNoPluginBringsOne() {
        assertThatExceptionOfType(StartException.class)
                .isThrownBy(() -> PollerChoice.of(Optional.empty(), List.of()))
                .withMessageContaining("no plugin brings one");
    }
}
