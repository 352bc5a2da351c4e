package dev.baton.runtime.health;

import dev.baton.runtime.config.CheckConfig;
import dev.baton.runtime.loop.Timer;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.metrics.Metrics.Counter;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.upstream.UpstreamProtocol;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checks of one server: one at a time for the whole process, over new connections of Baton's own, each on the next
 * loop in turn.
 *
 * <p>No loop can hold checks up. A timer that is no loop's begins each one, and gives it to another loop if the first
 * has not begun within {@value #BEGIN_MILLIS} ms, because it is blocked or has ended. Once there is a connection it
 * moves with its timer, like any other, when its loop blocks or retires. What has no result when its time is long over
 * is given up as undecided: then something is wrong with this process, and not with the server.
 *
 * <p>Threading: any thread.
 */
@AnyThread
public final class ServerCheck {
    private static final String CHECKS = "baton_upstream_checks_total";
    private static final String DOWNS = "baton_upstream_downs_total";
    private static final String PASSED = "passed";
    private static final String FAILED = "failed";
    private static final String UNDECIDED = "undecided";

    private static final Logger LOG = LoggerFactory.getLogger(ServerCheck.class);

    /** Twice what a watchdog takes to notice that a loop is blocked. */
    private static final int BEGIN_MILLIS = 100;

    /** How long after its timeout a check without a result is given up. */
    private static final Duration LATE = Duration.ofSeconds(1);

    private final String upstream;
    private final String server;
    private final CheckConfig config;
    private final UpstreamProtocol protocol;
    private final Env env;
    private final CheckConnector connector;
    private final Changes changes;
    private final RiseAndFall state;
    private final SplittableRandom random;
    private final Counter passed;
    private final Counter failed;
    private final Counter undecided;
    private final Counter downs;
    private final AtomicInteger turn;
    private volatile boolean closed;

    /**
     * What checks need of the process.
     *
     * @param timer begins checks; its tasks do not run on a loop
     * @param loops where they run
     * @param clockNanos the clock of the loops
     */
    public record Env(Timer timer, Loops loops, LongSupplier clockNanos, Metrics metrics) {}

    /** What the upstream says and is told. */
    public interface Changes {
        /** Whether the server is to be checked now. */
        boolean isWanted();

        /** The server was down and is up, or the other way round. Any thread. */
        void changed();
    }

    /**
     * Not started.
     *
     * @param server its address, for the log and for metrics
     * @param protocol what checks of type http speak with it
     */
    public ServerCheck(
            String upstream,
            String server,
            CheckConfig config,
            UpstreamProtocol protocol,
            Env env,
            CheckConnector connector,
            Changes changes) {
        this.upstream = upstream;
        this.server = server;
        this.config = config;
        this.protocol = protocol;
        this.env = env;
        this.connector = connector;
        this.changes = changes;
        long now = env.clockNanos.getAsLong();
        state = new RiseAndFall(config.rise(), config.fall(), now);
        random = new SplittableRandom(now ^ server.hashCode());
        turn = new AtomicInteger(random.nextInt(1 << 16));
        passed = checks(PASSED);
        failed = checks(FAILED);
        undecided = checks(UNDECIDED);
        downs = env.metrics.counter(
                DOWNS, "Times that checks have found a server down.", "upstream", upstream, "server", server);
    }

    private Counter checks(String result) {
        return env.metrics.counter(
                CHECKS, "Checks of servers that have ended.", "upstream", upstream, "server", server, "result", result);
    }

    /** Nothing of a server is written any longer: it is forgotten, and so are its checks. */
    public static void forget(Metrics metrics, String upstream, String server) {
        metrics.forget(DOWNS, "upstream", upstream, "server", server);
        for (String each : List.of(PASSED, FAILED, UNDECIDED)) {
            metrics.forget(CHECKS, "upstream", upstream, "server", server, "result", each);
        }
    }

    /** What is known of the server. */
    public HealthStatus status() {
        return state.status();
    }

    /**
     * Takes over that the process before has found the server down, unless this one knows better. It counts as down
     * until {@code rise} checks have passed here. {@link Changes#changed} must follow.
     *
     * @param sinceNanos since when, by the clock of this process
     */
    public void assumeDown(long sinceNanos, String failure) {
        state.assume(new HealthStatus(Health.DOWN, sinceNanos, failure));
    }

    /** Begins, at some time within the interval: servers are not to be asked all at once. */
    public void start() {
        env.timer.after(Duration.ofMillis(random.nextLong(config.interval().toMillis())), this::next);
    }

    /** Ends: what is under way has no effect. */
    public void close() {
        closed = true;
    }

    private void next() {
        if (closed) {
            return;
        }
        if (changes.isWanted()) {
            new Round().start();
        } else {
            state.forget(env.clockNanos.getAsLong());
            later();
        }
    }

    /** After the interval, a tenth more or less. */
    private void later() {
        long millis = config.interval().toMillis();
        long tenth = millis / 10;
        env.timer.after(Duration.ofMillis(millis - tenth + random.nextLong(2 * tenth + 1)), this::next);
    }

    /** A check has ended. */
    private void result(@Nullable String failure) {
        if (closed) {
            return;
        }
        if (!changes.isWanted()) {
            later();
            return;
        }
        (failure == null ? passed : failed).increment();
        boolean changed = state.result(failure, env.clockNanos.getAsLong());
        later();
        if (!changed) {
            return;
        }
        if (failure == null) {
            LOG.info("upstream {}: server {} is up: {} checks in a row have passed", upstream, server, config.rise());
        } else {
            downs.increment();
            LOG.warn("upstream {}: server {} is down: {}", upstream, server, failure);
        }
        changes.changed();
    }

    private @Nullable Loop nextLoop() {
        List<Loop> all = env.loops.all();
        for (int i = 0; i < all.size(); i++) {
            Loop each = all.get(Math.floorMod(turn.getAndIncrement(), all.size()));
            if (!each.eventLoop().isShuttingDown()) {
                return each;
            }
        }
        return null;
    }

    /** One check. */
    private final class Round implements CheckConnector.Outcome {
        private final AtomicBoolean begun = new AtomicBoolean();
        private final AtomicBoolean ended = new AtomicBoolean();
        private final long startedNanos = env.clockNanos.getAsLong();
        private final @Nullable HttpProbe probe =
                config.type() == CheckConfig.Type.HTTP ? new HttpProbe(config.passing(), protocol, this::end) : null;

        /** On no loop. */
        void start() {
            offer();
            env.timer.after(config.timeout().plus(LATE), () -> {
                if (ended.compareAndSet(false, true) && !closed) {
                    undecided.increment();
                    later();
                }
            });
        }

        /** Gives it to one loop after the other, until one begins. */
        private void offer() {
            if (begun.get() || ended.get() || closed) {
                return;
            }
            Loop loop = nextLoop();
            try {
                if (loop != null) {
                    loop.execute(() -> begin(loop));
                }
            } catch (RejectedExecutionException e) {
                LOG.debug("loop {} has ended", loop, e);
            }
            env.timer.after(Duration.ofMillis(BEGIN_MILLIS), this::offer);
        }

        private void begin(Loop loop) {
            if (closed || ended.get() || !begun.compareAndSet(false, true)) {
                return;
            }
            connector.connect(loop, initializer(), config.timeout().toNanos(), this);
        }

        private ChannelHandler initializer() {
            return new ChannelInitializer<>() {
                @Override
                protected void initChannel(Channel channel) {
                    if (probe != null) {
                        probe.addTo(channel);
                    }
                }
            };
        }

        @Override
        public void connected(MovableChannel connection) {
            HttpProbe asks = probe;
            if (asks == null || ended.get() || closed) {
                connection.close();
                end(null);
                return;
            }
            long left = config.timeout().toNanos() - (env.clockNanos.getAsLong() - startedNanos);
            var timeout = connection
                    .eventLoop()
                    .schedule(
                            () -> {
                                end("no answer within " + config.timeout().toMillis() + "ms");
                                connection.close();
                            },
                            Math.max(0, left),
                            TimeUnit.NANOSECONDS);
            connection.closeFuture().addListener(closing -> timeout.cancel(false));
            asks.ask(connection, config, server);
        }

        @Override
        public void failed(Throwable cause, boolean isTheServers) {
            if (isTheServers) {
                end(String.valueOf(cause.getMessage()));
            } else if (ended.compareAndSet(false, true) && !closed) {
                LOG.debug("upstream {}: server {} could not be checked", upstream, server, cause);
                undecided.increment();
                later();
            }
        }

        private void end(@Nullable String failure) {
            if (ended.compareAndSet(false, true)) {
                result(failure);
            }
        }
    }
}
