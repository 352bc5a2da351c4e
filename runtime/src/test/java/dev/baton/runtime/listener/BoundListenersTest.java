package dev.baton.runtime.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import dev.baton.spi.listener.ListenerState;
import org.junit.jupiter.api.Test;

/** Where an operator's change and an upgrade meet over one listener, one of them has it, and both know which. */
class BoundListenersTest {
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
        SharedListener listener = mock(SharedListener.class);
        when(listener.name()).thenReturn(name);
        when(listener.state()).thenReturn(ListenerState.READY);
        return listener;
    }
}
