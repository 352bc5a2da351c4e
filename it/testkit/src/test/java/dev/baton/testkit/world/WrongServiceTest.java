package dev.baton.testkit.world;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.Component;
import dev.baton.spi.ComponentFactory;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.listener.Unbinding;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import dev.baton.testkit.ContractRun;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A service, a strategy and a component with one thing wrong fail their contracts; with nothing wrong they keep them.
 */
class WrongServiceTest {
    private static final Map<String, String> SOON = Map.of(EachWorldExtension.CLOSING, "1000");
    private static String wrong = "";

    @BeforeEach
    void runFewSchedules() {
        System.setProperty("sim.seeds", Integer.toString(EachWorldExtension.DIVISOR));
    }

    @AfterEach
    void forgetProperties() {
        System.clearProperty("sim.seeds");
    }

    private static Optional<Throwable> run(Class<?> contract, String test) {
        return ContractRun.run(contract, test, SOON);
    }

    // ---- services -------------------------------------------------------------------------------------------------

    static final class LinePlugin implements Plugin {
        record NoKeys() {}

        @Override
        public void configure(PluginBinder binder) {
            binder.service("line", NoKeys.class, LineFactory.class);
        }

        static final class LineFactory implements ServiceFactory<NoKeys> {
            @Override
            public Service create(String name, NoKeys config, ServiceContext context) {
                return (connection, listener) -> connection.pipeline().addLast(new Lines(context, connection.loop()));
            }
        }
    }

    /** Sends each line back when it is whole. */
    private static final class Lines extends ChannelInboundHandlerAdapter {
        private final ServiceContext service;
        private final Loop home;
        private @Nullable ByteBuf begun;

        Lines(ServiceContext service, Loop home) {
            this.service = service;
            this.home = home;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf input = (ByteBuf) message;
            ByteBuf all =
                    begun == null ? input : context.alloc().compositeBuffer().addComponents(true, begun, input);
            begun = null;
            if (!all.toString(StandardCharsets.US_ASCII).endsWith("\n")) {
                begun = all;
            } else if (wrong.equals("stays on its loop") && service.loops().current() != home) {
                all.release();
                context.close();
            } else {
                context.writeAndFlush(all);
                if (wrong.equals("serves one line")) {
                    context.close();
                }
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            if (wrong.equals("throws when it is cut")) {
                throw new IllegalStateException("planned");
            }
            context.fireChannelInactive();
        }

        @Override
        public void handlerRemoved(ChannelHandlerContext context) {
            if (begun != null && !wrong.equals("keeps what has begun")) {
                begun.release();
            }
        }
    }

    /** Nested, so that the build does not run it. */
    static class LineService extends ServiceContract {
        LineService() {
            super(LinePlugin.class);
        }

        @Override
        protected String service() {
            return "{ type: line }";
        }

        @Override
        protected void talk(Peer client) {
            client.send("one ");
            client.send("line\n");
            client.expect("one line\n");
        }

        @Override
        protected byte[] begun() {
            return "half a li".getBytes(StandardCharsets.US_ASCII);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "serves one line, shouldServeOneClientAfterTheOther",
        "stays on its loop, shouldFollowItsConnectionsToAnotherLoop",
        "keeps what has begun, shouldForgetClientsThatLeave",
        "throws when it is cut, shouldLetItsListenerEnd"
    })
    void shouldFailServices(String what, String test) {
        wrong = what;
        assertThat(run(LineService.class, test)).as(what).isPresent();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "shouldServeOneClientAfterTheOther",
                "shouldServeWhoeverSpeaksWhileOthersAreSilent",
                "shouldFollowItsConnectionsToAnotherLoop",
                "shouldForgetClientsThatLeave",
                "shouldLetItsListenerEnd"
            })
    void shouldPassServices(String test) {
        wrong = "";
        assertThat(run(LineService.class, test)).isEmpty();
    }

    // ---- unbind strategies ----------------------------------------------------------------------------------------

    static final class StopPlugin implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.unbindStrategy("stop", Stop.class);
        }
    }

    static final class Stop implements UnbindStrategy {
        /** More than the moment of these runs. */
        private static final int LATE_SECONDS = 5;

        @Override
        public CompletionStage<ListenerResult> unbind(Unbinding unbinding) {
            CompletionStage<Void> free =
                    wrong.equals("tells too soon") ? CompletableFuture.completedStage(null) : unbinding.deleteFd();
            if (wrong.equals("takes its time")) {
                Duration late = unbinding.grace().plusSeconds(LATE_SECONDS);
                free = free.thenCombine(unbinding.connectionsEnded(late), (nothing, left) -> null);
            } else if (!wrong.equals("forgets connections")) {
                unbinding.closeConnections();
            }
            return free.thenApply(nothing -> new ListenerResult(
                    unbinding.listener().name(),
                    unbinding.outcome(),
                    wrong.equals("says nothing") ? "" : "every connection was closed"));
        }
    }

    /** Nested, so that the build does not run it. */
    static class StopStrategy extends UnbindStrategyContract {
        StopStrategy() {
            super(StopPlugin.class, "stop");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "tells too soon, shouldUnbindWhatNobodyUses",
        "forgets connections, shouldEndTheConnectionsOfClientsThatStay",
        "takes its time, shouldTakeNoTimeWithoutGrace",
        "takes its time, shouldEndTheConnectionsOfClientsThatStay",
        "says nothing, shouldUnbindWhenClientsHaveLeft"
    })
    void shouldFailStrategies(String what, String test) {
        wrong = what;
        assertThat(run(StopStrategy.class, test)).as(what).isPresent();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "shouldUnbindWhatNobodyUses",
                "shouldUnbindWhenClientsHaveLeft",
                "shouldEndTheConnectionsOfClientsThatStay",
                "shouldTakeNoTimeWithoutGrace"
            })
    void shouldPassStrategies(String test) {
        wrong = "";
        assertThat(run(StopStrategy.class, test)).isEmpty();
    }

    // ---- components -----------------------------------------------------------------------------------------------

    static final class ClockPlugin implements Plugin {
        record Keys(String name) {}

        @Override
        public void configure(PluginBinder binder) {
            binder.component("clock", Keys.class, ClockFactory.class);
        }

        static final class ClockFactory implements ComponentFactory<Keys> {
            @Override
            public Component create(Keys keys) {
                return new Component() {
                    @Override
                    public CompletionStage<String> start() {
                        if (wrong.equals("cannot start")) {
                            return CompletableFuture.failedFuture(new IllegalStateException("planned"));
                        }
                        if (wrong.equals("waits for a client")) {
                            return new CompletableFuture<>(); // none is accepted before
                        }
                        return CompletableFuture.completedFuture(
                                wrong.equals("says two lines") ? "one\ntwo" : "clock " + keys.name());
                    }

                    @Override
                    public CompletionStage<Void> stop() {
                        return CompletableFuture.completedFuture(null);
                    }
                };
            }
        }
    }

    /** Nested, so that the build does not run it. */
    static class ClockComponent extends ComponentContract {
        ClockComponent() {
            super(ClockPlugin.class);
        }

        @Override
        protected String section() {
            return "clock: { name: big }\n";
        }
    }

    @ParameterizedTest
    @CsvSource({"says two lines, shouldSayWhatItIsInALine", "cannot start, shouldStopWithoutHavingBeenUsed"})
    void shouldFailComponents(String what, String test) {
        wrong = what;
        assertThat(run(ClockComponent.class, test)).as(what).isPresent();
    }

    /** Only in the simulation, where the time that a start may take passes at once. */
    @Test
    void shouldFailAComponentWhoseStartNeedsAClient() {
        wrong = "waits for a client";
        System.setProperty("seed", "1");
        try {
            assertThat(run(ClockComponent.class, "shouldStartBeforeConnectionsAreAccepted"))
                    .get()
                    .asString()
                    .contains("clock has not started within");
        } finally {
            System.clearProperty("seed");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "shouldSayWhatItIsInALine",
                "shouldStartBeforeConnectionsAreAccepted",
                "shouldLeaveNothingBehind",
                "shouldStopWithoutHavingBeenUsed",
                "shouldLiveWithLoopsThatRetire"
            })
    void shouldPassComponents(String test) {
        wrong = "";
        assertThat(run(ClockComponent.class, test)).isEmpty();
    }
}
