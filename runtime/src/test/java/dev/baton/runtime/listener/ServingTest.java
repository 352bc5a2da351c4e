package dev.baton.runtime.listener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.service.Service;
import org.junit.jupiter.api.Test;

/** The bug that this guards against: a connection that leaves the list or comes back while it is counted is missed. */
class ServingTest {
    private final Serving serving = new Serving(mock(Service.class), mock(UnbindStrategy.class), 0);

    @Test
    void shouldCountThoseThatAreOnTheirWay() {
        assertThat(serving.count(() -> 2)).isEqualTo(2);
        serving.departs();
        assertThat(serving.count(() -> 1)).isEqualTo(2);
        serving.arrived();
        assertThat(serving.count(() -> 1)).isEqualTo(1);
    }

    @Test
    void shouldNotMissOneThatDepartsWhileTheListIsLookedThrough() {
        assertThat(serving.count(() -> {
                    serving.departs();
                    return 0; // it is out of the list already
                }))
                .isEqualTo(1);
    }

    @Test
    void shouldNotMissOneThatArrivesWhileTheListIsLookedThrough() {
        serving.departs();
        assertThat(serving.count(() -> {
                    serving.arrived();
                    return 0; // it came where was looked already
                }))
                .isEqualTo(1);
    }

    @Test
    void shouldNotMissOneThatGoesAndComesBackWhileTheListIsLookedThrough() {
        assertThat(serving.count(() -> {
                    serving.departs();
                    serving.arrived();
                    return 0;
                }))
                .isEqualTo(1);
    }
}
