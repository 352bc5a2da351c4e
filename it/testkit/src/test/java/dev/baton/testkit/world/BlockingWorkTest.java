package dev.baton.testkit.world;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.DecoderException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Code that blocks, in a service that lets others wait for it. */
class BlockingWorkTest {
    private static final String SLOW = """
            listeners: { slow: { bind: "127.0.0.1:0", service: slow } }
            services: { slow: { type: slow } }
            """;
    private static final String TURNS = SLOW.replace("type: slow", "type: turns");
    private static final String TWO = SLOW.replace("type: slow", "type: two");

    /** Work on "hold" waits for it; on real threads only. */
    private static volatile CountDownLatch held = new CountDownLatch(1);

    private static final AtomicInteger HOLDING = new AtomicInteger();
    private static final AtomicInteger INTERRUPTED = new AtomicInteger();
    /** What work on "buffer" returns; it belongs to who takes it. */
    private static volatile ByteBuf buffer = Unpooled.EMPTY_BUFFER;

    /** Results that were told. */
    private static final AtomicInteger TOLD = new AtomicInteger();

    /** Answers each line in capitals, which takes long. */
    static final class SlowPlugin implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.service("slow", Nothing.class, Factory.class);
            binder.service("turns", Nothing.class, Turns.class);
            binder.service("two", Nothing.class, Two.class);
        }
    }

    record Nothing() {}

    static final class Factory implements ServiceFactory<Nothing> {
        @Override
        public Service create(String name, Nothing config, ServiceContext context) {
            return (connection, listener) -> connection.pipeline().addLast(new Lines(), new Slow(context));
        }
    }

    /** Asks for work when a read is complete. */
    static final class Turns implements ServiceFactory<Nothing> {
        @Override
        public Service create(String name, Nothing config, ServiceContext context) {
            return (connection, listener) ->
                    connection.pipeline().addLast(new Lines(), new AtTheEnd(), new Slow(context));
        }
    }

    /** Two handlers that ask for work. */
    static final class Two implements ServiceFactory<Nothing> {
        @Override
        public Service create(String name, Nothing config, ServiceContext context) {
            return (connection, listener) ->
                    connection.pipeline().addLast(new Lines(), new Guard(context), new Slow(context));
        }
    }

    /** Passes on what was read when the read is complete. */
    private static final class AtTheEnd extends ChannelInboundHandlerAdapter {
        private final List<Object> lines = new ArrayList<>();

        @Override
        public void channelRead(ChannelHandlerContext context, Object line) {
            lines.add(line);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            List<Object> read = List.copyOf(lines);
            lines.clear();
            read.forEach(context::fireChannelRead);
            context.fireChannelReadComplete();
        }
    }

    /** Passes on each line but those of guests when that has been worked on, and those at once. */
    private static final class Guard extends ChannelInboundHandlerAdapter {
        private final ServiceContext context;

        Guard(ServiceContext context) {
            this.context = context;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object line) {
            if (((String) line).startsWith("guest")) {
                ctx.fireChannelRead(line);
            } else {
                context.blocking(ctx, () -> "checked " + line, ctx::fireChannelRead, ctx::fireExceptionCaught);
            }
        }
    }

    /** Fires each line without its end, and "!" as an event; "?" it cannot decode. Here they come whole. */
    private static final class Lines extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            String text = ((ByteBuf) message).toString(StandardCharsets.UTF_8);
            ((ByteBuf) message).release();
            text.lines().forEach(line -> {
                switch (line) {
                    case "!" -> context.fireUserEventTriggered(line);
                    case "?" -> context.fireExceptionCaught(new DecoderException(line));
                    default -> context.fireChannelRead(line);
                }
            });
        }
    }

    private static final class Slow extends ChannelInboundHandlerAdapter {
        private final ServiceContext context;
        private boolean waits;

        Slow(ServiceContext context) {
            this.context = context;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object line) {
            if (waits) {
                throw new AssertionError(line + " comes while the handler waits");
            }
            waits = true;
            if (line.equals("buffer")) {
                context.blocking(ctx, () -> buffer(ctx), buffer -> tell(ctx, "BUFFER"), thrown -> tell(ctx, "FAILED"));
                return;
            }
            context.blocking(ctx, () -> work(ctx, (String) line), answer -> tell(ctx, answer), thrown -> {
                String name = thrown.getClass().getSimpleName();
                tell(ctx, name);
            });
        }

        private ByteBuf buffer(ChannelHandlerContext ctx) throws InterruptedException {
            work(ctx, "hold");
            return BlockingWorkTest.buffer;
        }

        private String work(ChannelHandlerContext ctx, String line) throws InterruptedException {
            if (ctx.executor().inEventLoop() || context.loops().current() != null) {
                throw new AssertionError("blocks a loop");
            }
            if (line.equals("hold")) {
                HOLDING.incrementAndGet();
                try {
                    held.await();
                } catch (InterruptedException e) {
                    INTERRUPTED.incrementAndGet();
                    throw e;
                }
            }
            if (line.equals("wrong")) {
                throw new UnsupportedOperationException("thrown by work");
            }
            return line.toUpperCase(Locale.ROOT);
        }

        private void tell(ChannelHandlerContext ctx, String answer) {
            if (!ctx.executor().inEventLoop() || !ctx.channel().isOpen()) {
                throw new AssertionError("told without a claim, or to a connection that is closed");
            }
            waits = false;
            TOLD.incrementAndGet();
            if (answer.equals("THROW")) {
                throw new IllegalStateException("thrown at a result");
            }
            ctx.writeAndFlush(Unpooled.copiedBuffer(answer + "\n", StandardCharsets.UTF_8));
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
            if (event.equals("!")) {
                ctx.close();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            if (cause instanceof IOException) {
                ctx.close();
            } else if (cause instanceof DecoderException) {
                ctx.writeAndFlush(Unpooled.copiedBuffer("what?\n", StandardCharsets.UTF_8));
            } else {
                ctx.fireExceptionCaught(cause);
            }
        }
    }

    @BeforeEach
    void forget() {
        held = new CountDownLatch(1);
        buffer = Unpooled.buffer();
        HOLDING.set(0);
        INTERRUPTED.set(0);
        TOLD.set(0);
    }

    private static void start(PluginWorld world, String configuration) {
        world.plugin(SlowPlugin.class);
        world.start(configuration);
    }

    private static long count(PluginWorld world, String what) {
        String line = "baton_blocking_" + what + "{plugin=\"slow\"} ";
        return world.metrics()
                .scrape()
                .lines()
                .filter(each -> each.startsWith(line))
                .map(each -> (long) Double.parseDouble(each.substring(line.length())))
                .findFirst()
                .orElseThrow(() -> new AssertionError("there is no " + line));
    }

    @InEachWorld
    void shouldAnswerOneAfterTheOther(PluginWorld world) {
        start(world, SLOW);
        Peer client = world.connect("slow");
        client.send("one\ntwo\nthree\n");
        client.send("four\n");
        client.expect("ONE\nTWO\nTHREE\nFOUR\n");
        client.send("five\n");
        client.expect("FIVE\n");
        world.await("the last is counted", () -> count(world, "done_total") == 5);
        assertThat(count(world, "running")).isZero();
        assertThat(count(world, "waiting")).isZero();
    }

    @InEachWorld
    void shouldServeManyAtOnce(PluginWorld world) {
        start(world, SLOW);
        List<Peer> clients = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            Peer client = world.connect("slow");
            client.send("a" + i + "\nb" + i + "\n");
            clients.add(client);
        }
        for (int i = 0; i < clients.size(); i++) {
            clients.get(i).expect("A" + i + "\nB" + i + "\n");
        }
    }

    /** One who sends all and says so, before the answer is there. */
    @InEachWorld
    void shouldAnswerAClientThatHasEndedItsSide(PluginWorld world) {
        start(world, SLOW);
        Peer client = world.connect("slow");
        client.send("one\ntwo\n");
        client.shutdownOutput();
        client.expect("ONE\nTWO\n");
        client.expectEnd();
    }

    /** The end is read in the same turn as the request, and the handler asks at the end of that. */
    @InEachWorld
    void shouldAnswerAClientWhoseRequestAndEndAreReadAtOnce(PluginWorld world) {
        start(world, TURNS);
        Peer client = world.connect("slow");
        client.send("one\ntwo\n");
        client.shutdownOutput();
        client.expect("ONE\nTWO\n");
        client.expectEnd();
    }

    @InEachWorld
    void shouldLetTwoHandlersOfAConnectionWait(PluginWorld world) {
        start(world, TWO);
        Peer client = world.connect("slow");
        client.send("one\ntwo\nguest\nthree\nguest\n");
        client.expect("CHECKED ONE\nCHECKED TWO\nGUEST\nCHECKED THREE\nGUEST\n");
        client.send("guest\nfour\n");
        client.expect("GUEST\nCHECKED FOUR\n");
        client.shutdownOutput();
        client.expectEnd();
    }

    /** As a client that is idle for too long, or whose work hangs. */
    @InEachWorld
    void shouldPassOnEventsWhileTheHandlerWaits(PluginWorld world) {
        start(world, SLOW);
        Peer client = world.connect("slow");
        client.send("one\n!\n");
        client.expectEnd();
        assertThat(TOLD).hasValue(0);
    }

    @InEachWorld
    void shouldTellWhatCannotBeDecodedAfterWhatCameBeforeIt(PluginWorld world) {
        start(world, SLOW);
        Peer client = world.connect("slow");
        client.send("one\ntwo\n?\nthree\n");
        client.expect("ONE\nTWO\nwhat?\nTHREE\n");
    }

    @InEachWorld
    void shouldTellWhatWorkThrows(PluginWorld world) {
        start(world, SLOW);
        Peer client = world.connect("slow");
        client.send("wrong\nright\n");
        client.expect("UnsupportedOperationException\nRIGHT\n");
    }

    @InEachWorld
    void shouldCloseAConnectionWhoseResultIsToldBadly(PluginWorld world) {
        world.expectErrors();
        start(world, SLOW);
        Peer client = world.connect("slow");
        client.send("throw\nnever\n");
        client.expectReset();
        assertThat(world.metrics()
                        .counter("baton_plugin_errors_total", "Callbacks of a plugin that threw.", "plugin", "slow")
                        .count())
                .isEqualTo(1);
        assertThat(TOLD).hasValue(1);
    }

    @InEachWorld
    void shouldCountWhatBecomesOfIt(PluginWorld world) {
        start(world, "workers: { threads: 1, queue: 1 }\n" + SLOW);
        List<Peer> clients = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Peer client = world.connect("slow");
            client.send("line\n");
            clients.add(client);
        }
        int refused = 0;
        for (Peer client : clients) {
            String answer = client.readUntil("\n");
            assertThat(answer).isIn("LINE\n", "RejectedExecutionException\n");
            refused += answer.equals("LINE\n") ? 0 : 1;
        }
        assertThat(count(world, "refused_total")).isEqualTo(refused);
        world.await("all are counted", () -> count(world, "done_total") + count(world, "refused_total") == 8);
        // Who was refused may ask again.
        clients.get(7).send("again\n");
        clients.get(7).expect("AGAIN\n");
    }

    @InEachWorld(worlds = Where.REAL, because = "the work waits for the test")
    void shouldRefuseWhatIsTooMuch(PluginWorld world) {
        start(world, "workers: { threads: 2, queue: 1 }\n" + SLOW);
        List<Peer> clients = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Peer client = world.connect("slow");
            client.send("hold\n");
            clients.add(client);
        }
        world.await("two are at work", () -> HOLDING.get() == 2);
        Peer waiting = world.connect("slow");
        waiting.send("third\n");
        world.await("one waits", () -> count(world, "waiting") == 1);
        assertThat(count(world, "running")).isEqualTo(2);
        Peer late = world.connect("slow");
        late.send("fourth\n");
        late.expect("RejectedExecutionException\n");
        held.countDown();
        clients.forEach(client -> client.expect("HOLD\n"));
        waiting.expect("THIRD\n");
    }

    @InEachWorld(worlds = Where.REAL, because = "the work waits for the test")
    void shouldTellNothingToAConnectionThatWasResetMeanwhile(PluginWorld world) {
        start(world, "workers: { threads: 1 }\n" + SLOW);
        Peer client = world.connect("slow");
        client.send("hold\n");
        world.await("it is at work", () -> HOLDING.get() == 1);
        Peer other = world.connect("slow");
        other.send("other\n");
        world.await("another waits", () -> count(world, "waiting") == 1);
        client.reset();
        other.reset();
        world.await(
                "both connections are closed",
                () -> world.view().listeners().get(0).connections() == 0);
        held.countDown();
        world.await("the work is over", () -> count(world, "done_total") + count(world, "left_out_total") == 2);
        assertThat(count(world, "left_out_total")).isEqualTo(1);
        assertThat(TOLD).hasValue(0);
    }

    @InEachWorld(worlds = Where.REAL, because = "the work waits for the test")
    void shouldKeepNoRoomForConnectionsThatAreClosed(PluginWorld world) {
        start(world, "workers: { threads: 1, queue: 1 }\n" + SLOW);
        Peer client = world.connect("slow");
        client.send("hold\n");
        world.await("it is at work", () -> HOLDING.get() == 1);
        for (int i = 1; i <= 3; i++) {
            Peer impatient = world.connect("slow");
            impatient.send("impatient\n");
            world.await("one waits", () -> count(world, "waiting") == 1);
            impatient.reset();
            int gone = i;
            world.await("its work is left out", () -> count(world, "left_out_total") == gone);
        }
        assertThat(count(world, "refused_total")).isZero();
        Peer patient = world.connect("slow");
        patient.send("patient\n");
        world.await("one waits", () -> count(world, "waiting") == 1);
        held.countDown();
        client.expect("HOLD\n");
        patient.expect("PATIENT\n");
    }

    @InEachWorld(worlds = Where.REAL, because = "the work waits for the test")
    void shouldReleaseAResultThatComesTooLate(PluginWorld world) {
        start(world, SLOW);
        Peer client = world.connect("slow");
        client.send("buffer\n");
        world.await("it is at work", () -> HOLDING.get() == 1);
        client.reset();
        world.await(
                "the connection is closed",
                () -> world.view().listeners().get(0).connections() == 0);
        held.countDown();
        world.await("the result is released", () -> buffer.refCnt() == 0);
        assertThat(TOLD).hasValue(0);
    }

    @Test
    void shouldInterruptWhatRunsWhenTheProcessEnds() throws Throwable {
        PluginWorld world = new RealWorld(PluginWorld.PATIENCE);
        world.run(() -> {
            start(world, SLOW);
            Peer client = world.connect("slow");
            client.send("hold\n");
            world.await("it is at work", () -> HOLDING.get() == 1);
            client.reset();
        });
        assertThat(INTERRUPTED).hasValue(1);
        assertThat(TOLD).hasValue(0);
    }
}
