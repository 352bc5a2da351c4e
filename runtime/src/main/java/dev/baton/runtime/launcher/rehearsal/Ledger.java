package dev.baton.runtime.launcher.rehearsal;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * What clients have seen, by phase. A request that began or ended during the fault counts for that phase; every other
 * one for the phase in which it ended. Any thread.
 */
final class Ledger {
    private final Map<Phase, Page> pages = new EnumMap<>(Phase.class);
    private Phase now = Phase.WARM_UP;

    Ledger() {
        for (Phase each : Phase.values()) {
            pages.put(each, new Page());
        }
    }

    /** What was seen in one phase. */
    static final class Seen {
        private final Map<Failure, Long> failures;
        private final long closed;
        private final long ended;
        private final long[] waits;

        private Seen(Map<Failure, Long> failures, long closed, long ended, long[] waits) {
            this.failures = failures;
            this.closed = closed;
            this.ended = ended;
            this.waits = waits;
        }

        /** How many requests were answered as they should be, or have failed. */
        long requests() {
            return waits.length + failed();
        }

        /** How many connections the other side closed between two requests, without having said so. */
        long closed() {
            return closed;
        }

        /** How many connections the other side has ended with an answer that said so. */
        long ended() {
            return ended;
        }

        /** How many requests have failed. */
        long failed() {
            return failures.values().stream().mapToLong(Long::longValue).sum();
        }

        /** How many requests have failed in a way. */
        long failed(Failure how) {
            return failures.getOrDefault(how, 0L);
        }

        /**
         * A wait that a share of the requests did not exceed, in milliseconds; 0 if there were none.
         *
         * @param share above 0, 1 at most; 1 is the longest
         */
        double waitMillis(double share) {
            if (waits.length == 0) {
                return 0;
            }
            int at = (int) Math.ceil(share * waits.length) - 1;
            return waits[Math.max(0, at)] / (double) TimeUnit.MILLISECONDS.toNanos(1);
        }
    }

    private static final class Page {
        private static final int FIRST_ROOM = 1024;

        private final Map<Failure, Long> failures = new EnumMap<>(Failure.class);
        private long[] waits = new long[FIRST_ROOM];
        private int answered;
        private long closed;
        private long ended;

        void answered(long nanos) {
            if (answered == waits.length) {
                waits = Arrays.copyOf(waits, 2 * answered);
            }
            waits[answered++] = nanos;
        }

        Seen seen() {
            Map<Failure, Long> counted = new EnumMap<>(Failure.class);
            counted.putAll(failures);
            long[] sorted = Arrays.copyOf(waits, answered);
            Arrays.sort(sorted);
            return new Seen(counted, closed, ended, sorted);
        }
    }

    /** Begins the next phase. */
    synchronized void enter(Phase phase) {
        now = phase;
    }

    /** The phase that a request which is sent now began in. */
    synchronized Phase now() {
        return now;
    }

    /** A request was answered as it should be. */
    synchronized void answered(Phase began, long nanos) {
        page(began).answered(nanos);
    }

    /** A request has failed. */
    synchronized void failed(Phase began, Failure how) {
        page(began).failures.merge(how, 1L, Long::sum);
    }

    /** A connection was closed without a word. */
    synchronized void closed() {
        page(now).closed++;
    }

    /** A connection was ended in the way of its protocol. */
    synchronized void ended() {
        page(now).ended++;
    }

    /** What was seen in a phase so far. */
    synchronized Seen seen(Phase phase) {
        return page(phase, phase).seen();
    }

    private Page page(Phase began) {
        return page(began, now);
    }

    private Page page(Phase began, Phase ended) {
        return Objects.requireNonNull(pages.get(began == Phase.DURING ? began : ended));
    }
}
