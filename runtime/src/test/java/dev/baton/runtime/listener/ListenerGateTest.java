package dev.baton.runtime.listener;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.listener.ListenerGate.Change;
import dev.baton.spi.listener.ListenerState;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * R37, a stopped listener that comes back: every sequence of operations of the table in the class comment, beside a
 * plain model of it. Each operation is one CAS, so that what threads can do together is one of these sequences.
 */
class ListenerGateTest {
    private static final int LENGTH = 6;
    private static final int MAX = 2;

    private enum Op {
        ASSIGN,
        OPEN,
        STOP,
        SUSPEND,
        RESUME,
        RESERVE,
        UNRESERVE,
        LIMIT,
        LIFT,
        THROTTLE,
        UNTHROTTLE,
        CROWD,
        UNCROWD,
        RELEASE
    }

    /** The table, as one would write it down without a word of bits. */
    private static final class Model {
        private int phase;
        private boolean suspended;
        private boolean limited;
        private boolean throttled;
        private boolean crowded;
        private int connections;

        private ListenerState state() {
            if (phase != 2) {
                return List.of(ListenerState.NEW, ListenerState.ASSIGNED, ListenerState.READY, ListenerState.STOPPED)
                        .get(phase);
            } else if (suspended) {
                return ListenerState.SUSPENDED;
            } else if (limited || throttled) {
                return ListenerState.LIMITED;
            }
            return crowded || connections == MAX ? ListenerState.FULL : ListenerState.READY;
        }
    }

    private final Model model = new Model();
    private final ListenerGate gate = new ListenerGate(MAX);
    private long episode = -1;

    @Test
    void everySequenceIsAsTheTableSaysAndStoppedIsTerminal() {
        List<Op> sequence = new ArrayList<>();
        long[] count = new long[1];
        extend(sequence, count);
        assertThat(count[0]).isGreaterThan(500_000);
    }

    /** Each prefix is played anew, for a gate cannot be copied. */
    private static void extend(List<Op> sequence, long[] count) {
        for (Op op : Op.values()) {
            sequence.add(op);
            if (new ListenerGateTest().play(sequence)) {
                count[0]++;
                if (sequence.size() < LENGTH) {
                    extend(sequence, count);
                }
            }
            sequence.remove(sequence.size() - 1);
        }
    }

    /** False if the last operation has no right to be there: its caller holds no reservation. */
    private boolean play(List<Op> sequence) {
        boolean stopped = false;
        for (Op op : sequence) {
            boolean holds = switch (op) {
                case UNRESERVE, LIMIT, THROTTLE, CROWD, RELEASE -> model.connections > 0;
                default -> true;
            };
            if (!holds) {
                return false;
            }
            ListenerState before = model.state();
            Change change = apply(op);
            ListenerState after = model.state();
            if (gate.state() != after
                    || gate.connections() != model.connections
                    || gate.isReady() != (after == ListenerState.READY)
                    || (change == Change.READINESS)
                            != ((before == ListenerState.READY) != (after == ListenerState.READY))
                    || (stopped && after != ListenerState.STOPPED)) {
                throw new AssertionError(sequence + ": " + gate + ", and not " + after + "; " + op + " said " + change);
            }
            stopped = after == ListenerState.STOPPED;
        }
        return true;
    }

    /** Cheaper than an assertion library, some million times. */
    private static void must(boolean right, String what) {
        if (!right) {
            throw new AssertionError(what);
        }
    }

    /** What the operation says of the readiness; where it says nothing, what is true. */
    private Change apply(Op op) {
        boolean ready = model.state() == ListenerState.READY;
        Change said = null;
        switch (op) {
            case ASSIGN -> {
                said = gate.assign();
                model.phase = model.phase == 0 ? 1 : model.phase;
            }
            case OPEN -> {
                said = gate.open();
                model.phase = model.phase == 1 ? 2 : model.phase;
            }
            case STOP -> {
                said = gate.stop();
                model.phase = 3;
            }
            case SUSPEND, RESUME -> {
                said = op == Op.SUSPEND ? gate.suspend() : gate.resume();
                boolean alive = model.phase == 1 || model.phase == 2;
                model.suspended = alive ? op == Op.SUSPEND : model.suspended;
            }
            case RESERVE -> {
                boolean got = gate.reserve();
                must(got == ready, "reserve");
                model.connections += got ? 1 : 0;
            }
            case UNRESERVE -> {
                said = gate.unreserve();
                model.connections--;
            }
            case RELEASE -> {
                said = gate.release();
                model.connections--;
                model.limited = false;
            }
            case LIMIT -> {
                long begun = gate.limit();
                must((begun == ListenerGate.ALREADY_LIMITED) == model.limited, "limit");
                episode = model.limited ? episode : begun;
                model.connections--;
                model.limited = true;
            }
            case LIFT -> {
                said = gate.lift(episode);
                model.limited = false;
            }
            case THROTTLE -> {
                must(gate.throttle() == !model.throttled, "throttle");
                model.connections--;
                model.throttled = true;
            }
            case UNTHROTTLE -> {
                said = gate.unthrottle();
                model.throttled = false;
            }
            case CROWD -> {
                gate.crowd();
                model.connections--;
                model.crowded = true;
            }
            case UNCROWD -> {
                said = gate.uncrowd();
                model.crowded = false;
            }
        }
        boolean changed = ready != (model.state() == ListenerState.READY);
        if (said != null) {
            return said;
        }
        return changed ? Change.READINESS : Change.DONE;
    }
}
