package dev.baton.runtime.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import dev.baton.runtime.metrics.Meters;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.filter.ConnectionFilter;
import dev.baton.spi.filter.Next;
import dev.baton.spi.listener.ListenerState;
import dev.baton.spi.service.Service;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Where an operator's change and an upgrade meet over one listener, one of them has it, and both know which. */
class BoundListenersTest {
    private static final Service NO_SERVICE = (connection, name) -> {};

    private final BoundListeners listeners = new BoundListeners();
    private final SharedListener web = listener("web");

    @Test
    void oneThatIsBeingAddedIsNotHandedOverAndThenNeverIsThisProcesss() throws Exception {
        assertThat(listeners.add(web, "text")).isTrue();
        assertThat(listeners.hand(web)).isFalse();
        assertThat(listeners.opened(web)).isFalse();
    }

    @Test
    void oneThatWasAddedIsHandedOverWithItsText() throws Exception {
        listeners.add(web, "text");
        assertThat(listeners.opened(web)).isTrue();
        assertThat(listeners.hand(web)).isTrue();
        assertThat(listeners.textOf(web)).isEqualTo("text");
    }

    @Test
    void oneThatIsBeingAddedCannotBeUnbound() throws Exception {
        listeners.add(web, "text");
        assertThat(listeners.ending(web)).isFalse();
        assertThat(listeners.opened(web)).as("nothing has come in between").isTrue();
    }

    @Test
    void oneThatWasHandedOverCannotBeUnboundUntilItIsTakenBack() throws Exception {
        listeners.add(web);
        assertThat(listeners.hand(web)).isTrue();
        assertThat(listeners.ending(web)).isFalse();
        listeners.takeBack();
        assertThat(listeners.ending(web)).isTrue();
    }

    @Test
    void oneThatIsBeingUnboundEndsTheUpgrade() throws Exception {
        listeners.add(web);
        assertThat(listeners.ending(web)).isTrue();
        assertThatIOException()
                .isThrownBy(() -> listeners.hand(web))
                .withMessage("listener web is being unbound: try again after that");
        when(web.state()).thenReturn(ListenerState.STOPPED);
        assertThat(listeners.hand(web)).isFalse();
        assertThat(listeners.unbound()).containsExactly("web");
    }

    @Test
    void oneOfWhoseUnbindsOneFailsIsStillBeingUnbound() throws Exception {
        listeners.add(web, "text");
        listeners.opened(web);
        assertThat(listeners.ending(web)).isTrue();
        assertThat(listeners.ending(web)).as("again, with a shorter grace").isTrue();
        listeners.goesOn(web);
        assertThatIOException().isThrownBy(() -> listeners.hand(web));
        listeners.goesOn(web);
        assertThat(listeners.hand(web)).isTrue();
    }

    @Test
    void oneWhoseUnbindFailedIsHandedOver() throws Exception {
        listeners.add(web, "text");
        listeners.opened(web);
        listeners.ending(web);
        listeners.goesOn(web);
        assertThat(listeners.hand(web)).isTrue();
        assertThat(listeners.unbound()).isEmpty();
    }

    @Test
    void thoseOfTheConfigurationThatAreGoneAreNamed() {
        SharedListener stopped = listener("stopped");
        SharedListener removed = listener("removed");
        when(stopped.state()).thenReturn(ListenerState.STOPPED);
        listeners.add(web);
        listeners.add(stopped);
        listeners.add(removed);
        listeners.remove(removed);
        assertThat(listeners.unbound()).containsExactlyInAnyOrder("stopped", "removed");
    }

    @Test
    void theFiltersOfOneThatIsRemovedAreClosedOnce() {
        List<String> closed = new ArrayList<>();
        ConnectionFilter filter = new ConnectionFilter() {
            @Override
            public void accepted(MovableChannel connection, Next next) {
                throw new AssertionError("accepted");
            }

            @Override
            public void close() {
                closed.add("filter");
            }
        };
        SharedListener filtered = listener("filtered", filtered(filter));
        listeners.add(filtered);
        listeners.remove(listener("filtered"));
        assertThat(closed).as("another one's removal").isEmpty();
        listeners.remove(filtered);
        listeners.remove(filtered);
        assertThat(closed).containsExactly("filter");
    }

    @Test
    void theFiltersOfOneThatIsRefusedAreClosed() {
        List<String> closed = new ArrayList<>();
        ConnectionFilter filter = new ConnectionFilter() {
            @Override
            public void accepted(MovableChannel connection, Next next) {
                throw new AssertionError("accepted");
            }

            @Override
            public void serves(List<String> protocols) {
                throw new IllegalArgumentException("not these");
            }

            @Override
            public void close() {
                closed.add("filter");
            }
        };
        assertThatIllegalArgumentException().isThrownBy(() -> filtered(filter)).withMessage("not these");
        assertThat(closed).containsExactly("filter");
    }

    private static FilteredService filtered(ConnectionFilter filter) {
        return new FilteredService(
                "filtered",
                List.of(new FilteredService.Filter("tls", "test", filter)),
                Duration.ofSeconds(1),
                NO_SERVICE,
                "test",
                (plugin, cause) -> {
                    throw new AssertionError(cause);
                },
                new Meters(),
                ListenerSpec.PerClient.UNLIMITED,
                () -> 0);
    }

    @Test
    void aNameIsTakenOnce() {
        SharedListener other = listener("web");
        assertThat(listeners.add(web)).isTrue();
        assertThat(listeners.add(other, "text")).isFalse();
        listeners.remove(other);
        assertThat(listeners.find("web")).as("another one's removal").isSameAs(web);
        assertThat(listeners.opened(other)).isFalse();
        assertThat(listeners.textOf(other)).isEmpty();
    }

    private static SharedListener listener(String name) {
        return listener(name, NO_SERVICE);
    }

    private static SharedListener listener(String name, Service service) {
        SharedListener listener = mock(SharedListener.class);
        ListenerSpec spec = mock(ListenerSpec.class);
        when(spec.service()).thenReturn(service);
        when(listener.spec()).thenReturn(spec);
        when(listener.name()).thenReturn(name);
        when(listener.state()).thenReturn(ListenerState.READY);
        return listener;
    }
}
