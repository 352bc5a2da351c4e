package dev.baton.runtime.listener;

import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.filter.Next;
import io.netty.channel.ChannelHandler;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection's way through the filters of its listener. Everything runs under the claim.
 *
 * <pre>
 * asking    filter n is called
 *             decides at once          -> asking n+1, or the service
 *             returns undecided        -> waiting
 * waiting   a {@link HeldInput} stands behind the filter's handlers
 *             proceed                  -> asking n+1, or the service; then what was held is given to those handlers
 *             refuse, timeout, a throw -> ended
 *             the connection closes    -> ended
 * </pre>
 *
 * <p>The service gets a connection if its client is within the limits of a client; else it is reset.
 */
final class Filtering {
    private static final Logger LOG = LoggerFactory.getLogger(Filtering.class);

    private final FilteredService filtered;
    private final MovableChannel connection;
    private final String listener;

    /** The filter that is to decide; their number when all have. */
    private int at;
    /** A filter is being called: its decision is taken when it returns. */
    private boolean asking;
    /** Volatile for {@link #isWaiting}, which other threads ask. */
    private volatile boolean over;

    /** Keeps what the filter that is to decide has passed on; null if nothing waits. */
    private @Nullable HeldInput held;

    /** The last one that was asked for. */
    private @Nullable Decision deciding;

    private @Nullable Future<?> timeout;
    private @Nullable Future<?> drainTimeout;
    private boolean draining;
    private long drainAtNanos;

    Filtering(FilteredService filtered, MovableChannel connection, String listener) {
        this.filtered = filtered;
        this.connection = connection;
        this.listener = listener;
    }

    /** Asks the first filter, and each further one as soon as the one before has decided. */
    void start() {
        advance();
    }

    /** True until the connection is the service's, or has ended. */
    boolean isWaiting() {
        return !over;
    }

    private void advance() {
        HeldInput before = held;
        held = null;
        if (before != null) {
            before.resumeReading(); // first: the next handlers may want it otherwise
        }
        while (at < filtered.count() && !over) {
            int asked = at;
            ask(asked);
            if (at == asked && !over) {
                await();
                break;
            }
        }
        if (at == filtered.count() && !over) {
            initialize();
        }
        if (before != null) {
            before.release(connection.isOpen());
        }
        if (draining && at == filtered.count() && connection.isOpen()) {
            drainService();
        }
    }

    private void ask(int index) {
        asking = true;
        try {
            Decision decision = new Decision(this, index);
            deciding = decision;
            filtered.filter(index).filter().accepted(connection, decision);
        } catch (Throwable t) { // it costs this connection only
            failed(filtered.filter(index).plugin(), t);
        } finally {
            asking = false;
        }
    }

    private void await() {
        HeldInput input = new HeldInput(this, connection);
        held = input;
        connection.pipeline().addLast(input);
        if (timeout == null) {
            timeout = connection
                    .eventLoop()
                    .schedule(this::timedOut, filtered.acceptTimeout().toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    private void initialize() {
        ended();
        if (!filtered.admits(connection)) {
            reset();
            return;
        }
        if (hasHandlers()) {
            connection.attr(FilteredService.HANDLERS_LEFT).set(true);
        }
        try {
            filtered.service().initialize(connection, listener);
        } catch (Throwable t) {
            failed(filtered.plugin(), t);
        }
    }

    /** Of filters, which stay before those of the service. */
    private boolean hasHandlers() {
        for (Map.Entry<String, ChannelHandler> each : connection.pipeline()) {
            if (!(each.getValue() instanceof HeldInput || each.getValue() instanceof AcceptedConnections.Initializer)) {
                return true;
            }
        }
        return false;
    }

    private void timedOut() {
        if (!over) {
            refuse("it was undecided after " + filtered.acceptTimeout().toMillis() + " ms");
        }
    }

    private void refuse(String reason) {
        LOG.debug("filter {} of listener {} refuses {}: {}", filtered.filter(at).type(), listener, connection, reason);
        filtered.refused(at).increment();
        reset();
    }

    /** A handler of the filter that is to decide threw. */
    void handlerFailed(Throwable cause) {
        failed(filtered.filter(at).plugin(), cause);
    }

    /** There is no memory for what waits. */
    void noRoom() {
        refuse("there is no memory for what the client has sent");
    }

    private void failed(String plugin, Throwable cause) {
        LOG.error("plugin {} cannot set up a connection of listener {}", plugin, listener, cause);
        filtered.failures().failed(plugin, cause);
        reset();
    }

    private void reset() {
        ended();
        if (connection.isOpen()) {
            connection.config().setSoLinger(0); // nothing, not even the end of an empty stream
            connection.close();
        }
    }

    /** No filter is to decide any more, whatever the reason. */
    void ended() {
        over = true;
        decided();
        cancel(timeout);
        cancel(drainTimeout);
    }

    private static void cancel(@Nullable Future<?> timer) {
        if (timer != null) {
            timer.cancel(false);
        }
    }

    // ---- drain ----------------------------------------------------------------------------------------------------

    /** A connection that comes through within the patience is told to drain by then; any other is closed. */
    void drain(Duration patience) {
        if (patience.isZero()) {
            ended();
            connection.close();
            return;
        }
        draining = true;
        drainAtNanos = now() + patience.toNanos();
        drainTimeout = connection
                .eventLoop()
                .schedule(
                        () -> {
                            if (!over) {
                                drain(Duration.ZERO);
                            }
                        },
                        patience.toNanos(),
                        TimeUnit.NANOSECONDS);
    }

    private void drainService() {
        draining = false;
        try {
            filtered.service().drain(connection, Duration.ofNanos(Math.max(0, drainAtNanos - now())));
        } catch (Throwable t) {
            failed(filtered.plugin(), t);
        }
    }

    private long now() {
        return connection.eventLoop().ticker().nanoTime();
    }

    // ---- decisions ------------------------------------------------------------------------------------------------

    /**
     * Of one filter. Whoever has it may keep it for as long as the connection lives, as the handler of a filter does:
     * so it lets go of everything when there is nothing more to decide.
     */
    private static final class Decision implements Next {
        private final int index;
        private volatile @Nullable Filtering about;

        Decision(Filtering about, int index) {
            this.about = about;
            this.index = index;
        }

        void forget() {
            about = null;
        }

        @Override
        public void proceed() {
            enter(filtering -> filtering.passed(index, null));
        }

        @Override
        public void proceed(ConnectionFacts facts) {
            enter(filtering -> filtering.passed(index, facts));
        }

        @Override
        public void refuse(String reason) {
            enter(filtering -> {
                if (filtering.isOpen(index)) {
                    filtering.refuse(reason);
                }
            });
        }

        private void enter(Consumer<Filtering> decision) {
            Filtering filtering = about;
            if (filtering == null) {
                return; // it was decided, or the connection has ended
            }
            MovableChannel connection = filtering.connection;
            if (connection.eventLoop().inEventLoop()) {
                decision.accept(filtering);
                return;
            }
            try {
                connection.post(() -> decision.accept(filtering));
            } catch (RejectedExecutionException gone) {
                LOG.debug("a decision comes after the end of {}", connection, gone);
            }
        }
    }

    private boolean isOpen(int index) {
        return at == index && !over;
    }

    private void passed(int index, @Nullable ConnectionFacts facts) {
        if (!isOpen(index)) {
            return;
        }
        decided();
        if (facts != null) {
            connection.attr(MovableChannel.FACTS).set(facts);
        }
        at++;
        if (!asking) {
            advance();
        }
    }

    private void decided() {
        Decision last = deciding;
        if (last != null) {
            last.forget();
        }
    }
}
