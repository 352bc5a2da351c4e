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
    void oneThatWasAddedAtRunTimeIsNotOfTheConfigurationWhateverItsName() {
        listeners.add(web);
        SharedListener other = listener("other");
        listeners.add(other, ""); // by a program
        listeners.opened(other);
        assertThat(listeners.isConfigured(web)).isTrue();
        assertThat(listeners.isConfigured(other)).isFalse();
        listeners.remove(web);
        SharedListener again = listener("web");
        listeners.add(again, "text");
        assertThat(listeners.isConfigured(again)).isFalse();
        assertThat(listeners.isConfigured(web)).as("it is gone").isFalse();
    }

    @Test
    void thoseWhoseSocketsAnotherHasAreKnownWhileTheyHaveConnections() {
        SharedListener second = listener("web");
        SharedListener third = listener("web");
        listeners.add(web);
        when(web.connections()).thenReturn(1);
        when(second.connections()).thenReturn(2);
        listeners.replace(web, second);
        assertThat(listeners.draining(second)).containsExactly(web);
        assertThat(listeners.isConfigured(second)).isTrue();
        listeners.replace(second, third);
        assertThat(listeners.draining(third)).containsExactly(web, second);
        when(web.connections()).thenReturn(0);
        assertThat(listeners.draining(third)).containsExactly(second);
        assertThat(listeners.draining(web)).as("it drains itself").isEmpty();
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

    // ---- what outlives a crash -------------------------------------------------------------------------------------

    @Test
    void thatTheUpgradeSuspendsOneIsNoChangeOfAnOperators() throws Exception {
        SharedListener suspended = listener("suspended");
        SharedListener added = listener("added");
        listeners.add(web);
        listeners.add(suspended);
        listeners.add(added, "text");
        listeners.opened(added);
        when(suspended.state()).thenReturn(ListenerState.SUSPENDED);
        ChangedListener[] changed = {
            new ChangedListener("added", "*:0", false, "text"), new ChangedListener("suspended", "*:0", true, "")
        };
        assertThat(listeners.changed()).containsExactly(changed);
        for (SharedListener each : listeners.all()) {
            listeners.hand(each);
        }
        assertThat(listeners.changed()).containsExactly(changed);
        // The upgrade suspends it while somebody looks.
        when(web.state()).thenAnswer(call -> {
            listeners.given(web, false);
            return ListenerState.SUSPENDED;
        });
        assertThat(listeners.changed()).containsExactly(changed);
        listeners.given(suspended, true);
        listeners.given(added, false);
        when(added.state()).thenReturn(ListenerState.SUSPENDED);
        assertThat(listeners.changed()).containsExactly(changed);
        when(suspended.state()).thenReturn(ListenerState.STOPPED);
        when(added.state()).thenReturn(ListenerState.STOPPED);
        assertThat(listeners.changed()).as("they are drained").containsExactly(changed);
    }

    @Test
    void anOperatorsChangeDuringAnUpgradeCounts() throws Exception {
        SharedListener resumed = listener("resumed");
        listeners.add(web);
        listeners.add(resumed);
        when(resumed.state()).thenReturn(ListenerState.SUSPENDED);
        listeners.hand(web);
        listeners.hand(resumed);
        when(web.state()).thenReturn(ListenerState.SUSPENDED);
        when(resumed.state()).thenReturn(ListenerState.READY);
        assertThat(listeners.changed()).containsExactly(new ChangedListener("web", "*:0", true, ""));
        listeners.takeBack();
        assertThat(listeners.changed()).as("it failed").containsExactly(new ChangedListener("web", "*:0", true, ""));

        listeners.hand(web);
        listeners.given(web, false);
        List<List<ChangedListener>> told = new ArrayList<>();
        listeners.whenChanged(() -> told.add(listeners.changed()));
        listeners.given(web, true); // it was suspended already when the upgrade was to do it
        assertThat(told).containsExactly(List.of(new ChangedListener("web", "*:0", true, "")));
    }

    @Test
    void ofThoseThatWereGivenOnlyThoseThatAreTakenBackAreChanged() throws Exception {
        SharedListener dropped = listener("dropped");
        SharedListener closed = listener("closed");
        SharedListener again = listener("web");
        listeners.add(web, "text");
        listeners.opened(web);
        listeners.add(dropped, "text");
        listeners.opened(dropped);
        listeners.add(closed);
        for (SharedListener each : listeners.all()) {
            listeners.hand(each);
        }
        listeners.given(web, false);
        listeners.given(dropped, true);
        when(web.state()).thenReturn(ListenerState.SUSPENDED);
        when(dropped.state()).thenReturn(ListenerState.SUSPENDED);
        when(closed.state()).thenReturn(ListenerState.SUSPENDED);
        listeners.replace(web, again);
        listeners.othersDrain();
        assertThat(listeners.changed()).containsExactly(new ChangedListener("web", "*:0", false, "text"));
        assertThat(listeners.hand(again)).as("the next upgrade").isTrue();
        assertThat(listeners.hand(dropped)).isFalse();
    }

    private static SharedListener listener(String name) {
        return listener(name, NO_SERVICE);
    }

    private static SharedListener listener(String name, Service service) {
        SharedListener listener = mock(SharedListener.class);
        ListenerSpec spec = mock(ListenerSpec.class);
        when(spec.service()).thenReturn(service);
        when(spec.bind()).thenReturn("*:0");
        when(listener.spec()).thenReturn(spec);
        when(listener.name()).thenReturn(name);
        when(listener.state()).thenReturn(ListenerState.READY);
        return listener;
    }
}
