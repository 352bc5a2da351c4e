package dev.baton.it.vertx;

import static dev.baton.it.vertx.VertxRig.get;
import static dev.baton.testkit.TestLoops.on;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.vertx.VertxLoops;
import dev.baton.spi.poller.PollerProvider;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.internal.ContextInternal;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Vert.x tells its own threads by their class, and finds the loop of one that runs outside of a context. */
@Timeout(60)
class VertxThreadsIT {

    /** What Vert.x makes of a loop's thread. */
    static void isKnown(Vertx vertx, BatonLoop loop) throws Exception {
        assertThat(on(loop, Context::isOnEventLoopThread)).isTrue();
        assertThat(on(loop, () -> ((ContextInternal) vertx.getOrCreateContext()).nettyEventLoop()))
                .isSameAs(loop);
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void vertxKnowsTheThreadsOfTheLoops(PollerProvider poller) throws Exception {
        try (VertxRig rig = VertxRig.start(poller, 2)) {
            for (BatonLoop loop : rig.registry().batonLoops()) {
                isKnown(rig.vertx(), loop);
                assertThat(loop.threadName()).isEqualTo("baton-loop-" + loop.id());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void anApplicationWithOptionsOfItsOwnFindsVertxsNames(PollerProvider poller) throws Exception {
        try (VertxRig rig = VertxRig.start(poller, 2, new VertxOptions())) {
            for (BatonLoop loop : rig.registry().batonLoops()) {
                isKnown(rig.vertx(), loop);
                assertThat(loop.threadName()).isEqualTo("vert.x-eventloop-thread-" + loop.id());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void aKeptVertxCannotBeClosed(PollerProvider poller) throws Exception {
        try (VertxRig rig = VertxRig.start(poller, 1)) {
            rig.keep();
            Vertx shared = rig.vertx();
            assertThat(catchThrowable(() -> VertxLoops.keep(shared))).hasMessageContaining("is kept already");
            assertThat(catchThrowable(() -> get(shared.close())))
                    .cause()
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining("close what the plugin has opened");
            get(shared.createNetServer().connectHandler(socket -> {}).listen(0, "127.0.0.1"));
            get(shared.timer(1, java.util.concurrent.TimeUnit.MILLISECONDS));
        }
    }
}
