package dev.baton.runtime.listener;

import dev.baton.runtime.channel.Shortage;
import dev.baton.runtime.listener.ListenerGate.Change;
import dev.baton.runtime.loop.Timer;
import dev.baton.runtime.posix.PeerAddress;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.threading.AnyThread;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;

/**
 * What becomes of each attempt of a listener's loops to accept: a connection for the service, or a pause, a look for
 * idle clients or another loop's turn. Counts it and says what a person has to know.
 */
@AnyThread
final class Accepting implements Acceptor.Reports, TotalLimit.Waiting {
    /** How long to hold the listener when there are no fds left and none of its own connections ends meanwhile. */
    static final Duration PAUSE = Duration.ofMillis(100);

    private final ListenerSpec spec;
    private final ListenerEnv env;
    private final ListenerGate gate;
    private final Admission admission;
    private final ListeningSockets sockets;
    private final Connections connections;
    private final Timer timer;
    private final LongSupplier clock;
    private final Shortage shortage;
    private final Metrics.Counter accepted;
    private final Metrics.Counter paused;
    private final Metrics.Counter throttled;
    /** A look for idle clients is due. */
    private final AtomicBoolean looking = new AtomicBoolean();

    /**
     * For one listener, whose parts these are.
     *
     * @param timer ends its pauses
     * @param clock nanoseconds, as for the timer
     */
    Accepting(
            ListenerSpec spec,
            ListenerEnv env,
            ListenerGate gate,
            Admission admission,
            ListeningSockets sockets,
            Connections connections,
            Timer timer,
            LongSupplier clock) {
        this.spec = spec;
        this.env = env;
        this.gate = gate;
        this.admission = admission;
        this.sockets = sockets;
        this.connections = connections;
        this.timer = timer;
        this.clock = clock;
        this.shortage = new Shortage("listener " + spec.name(), timer::after, clock, gate::isShort);
        this.accepted = counter("baton_accepted_total", "Connections that a listener accepted.");
        this.paused = counter(
                "baton_listener_limited_total", "Pauses of a listener because there were no fds or buffers left.");
        this.throttled = counter(
                "baton_listener_throttled_total", "Pauses of a listener because it accepts faster than its rate.");
    }

    private Metrics.Counter counter(String name, String help) {
        return env.metrics().counter(name, help, "listener", spec.name());
    }

    /** Connections accepted so far. */
    long accepted() {
        return accepted.count();
    }

    // ---- an attempt -------------------------------------------------------------------------------------------------

    @Override
    public void readinessChanged() {
        sockets.requestAll(Acceptor.SYNC);
    }

    @Override
    public void accepted(Acceptor.Seat seat, int number, PeerAddress peer) {
        accepted.increment();
        seat.accepted(number, peer);
    }

    @Override
    public void reservationEnded() {
        if (gate.connections() == 0) {
            connections.noneLeft();
        }
    }

    @Override
    public void crowded(boolean wantsFds) {
        if (wantsFds) {
            shortage.met(env.total().fds().refusal());
        }
        lookLater();
    }

    @Override
    public void limited(long episode, int errno) {
        paused.increment();
        shortage.met(Errno.explain(errno));
        timer.after(PAUSE, () -> {
            env.total().idle().search(clock.getAsLong());
            if (gate.lift(episode) == Change.READINESS) {
                sockets.requestAll(Acceptor.SYNC);
            }
        });
    }

    @Override
    public void throttled(long waitNanos) {
        throttled.increment();
        timer.after(Duration.ofNanos(waitNanos), () -> {
            if (gate.unthrottle() == Change.READINESS) {
                sockets.requestAll(Acceptor.SYNC);
            }
        });
    }

    @Override
    public void backlogLeft(Acceptor acceptor) {
        acceptor.socket().requestNeighbour(acceptor);
    }

    @Override
    public void stumbled(Acceptor acceptor) {
        timer.after(PAUSE, () -> acceptor.request(Acceptor.SYNC | Acceptor.ACCEPT));
    }

    @Override
    public void gone(Acceptor acceptor) {
        sockets.loops().gone(acceptor);
    }

    // ---- room -------------------------------------------------------------------------------------------------------

    /** Clients become idle, and no event tells: so it is looked for them as long as there is no room otherwise. */
    private void lookLater() {
        if (looking.compareAndSet(false, true)) {
            timer.after(PAUSE, () -> {
                looking.set(false);
                if (admission.lookForIdle(this)) {
                    lookLater();
                }
            });
        }
    }

    @Override
    public void roomAgain() {
        admission.roomAgain(this);
    }

    @Override
    public void idle(IdleClients.Search search) {
        // The end of an inner connection makes no room: its fds are those of the client in front of it.
        if (spec.limits().fds() > 0) {
            connections.idle(search);
        }
    }
}
