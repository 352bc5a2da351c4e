package dev.baton.runtime.upstream;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is known of one name: its addresses, or its servers. It is looked up again when the last answer is no longer
 * valid, or {@link HostLookup#REFRESH} after a failure, by one lookup at a time. A request does not wait as long as
 * anything is known, however silent the name servers are.
 *
 * <pre>
 *   event                                            addresses or servers                lookups that fail
 *   an answer                                        those of the answer                 none
 *   one is missing in an answer                      held: not used for new connections
 *   a held one is in an answer again                 used again
 *   a held one is missing for HELD                   gone: its connections are let go of
 *   a lookup fails, or is silent for SILENT          as before                           said at the first
 *   the same, and the last answer is older than      none: connects fail                 said
 *     KEPT (KEPT_WITHOUT_NAME if there is no such name)
 * </pre>
 *
 * <p>One is held for a moment because some name servers give another part of many with each answer.
 *
 * <p>Threading: any thread. What is known is one immutable record, replaced by compare-and-set.
 *
 * @param <T> what a name has
 */
abstract class LookedUpName<T> {
    private static final Logger LOG = LoggerFactory.getLogger(LookedUpName.class);

    /** A shorter TTL counts as this: 0 is common, and would have the name server asked without an end. */
    static final Duration VALID_MIN = Duration.ofSeconds(1);

    /**
     * A longer TTL counts as this. Some are a day, set before anyone planned a move; a lookup every five minutes costs
     * two datagrams.
     */
    static final Duration VALID_MAX = Duration.ofMinutes(5);

    /** When a lookup under way counts as failed. Its answer is used all the same when it comes. */
    static final Duration SILENT = Duration.ofSeconds(5);

    /** How long one must be missing in the answers until connections to it are let go of. */
    static final Duration HELD = Duration.ofSeconds(10);

    /** How long the last answer is used while nothing is heard of the name. */
    static final Duration KEPT = Duration.ofHours(1);

    /** How long it is used while the answer is that there is no such name. */
    static final Duration KEPT_WITHOUT_NAME = Duration.ofSeconds(30);

    /** For this long a failed lookup of a name of which nothing is known answers those who ask for it. */
    static final Duration RETRY = Duration.ofSeconds(1);

    /** Connects that wait for one lookup; each holds a request. */
    static final int WAITING_MAX = 4096;

    private final String name;
    private final HostNames names;
    private final AtomicReference<Known<T>> known;
    private final AtomicReference<@Nullable Flight> flight = new AtomicReference<>();
    /**
     * The lookup whose end has set the time of the next one; tasks of the timer that older ones have set do nothing.
     */
    private final AtomicReference<@Nullable Flight> last = new AtomicReference<>();

    private final List<Runnable> watchers = new CopyOnWriteArrayList<>();
    private volatile boolean stopped;

    /** What was missing in the last answer. */
    record Held<T>(T what, long missingSinceNanos) {}

    /** What a name has; the same object as long as that is the same. */
    record Answers<T>(List<T> current, List<Held<T>> held) {
        static <T> Answers<T> none() {
            return new Answers<>(List.of(), List.of());
        }
    }

    /**
     * All that is known.
     *
     * @param answeredNanos when that was last confirmed
     * @param failure why nothing was heard since, or what it is that was heard; null if the last answer can be used
     * @param failedNanos when a lookup last failed
     */
    private record Known<T>(
            Answers<T> answers,
            long answeredNanos,
            @Nullable String failure,
            long failedNanos) {

        boolean isNowhere() {
            return failure != null && answers.current.isEmpty();
        }
    }

    LookedUpName(String name, HostNames names) {
        this.name = name;
        this.names = names;
        this.known = new AtomicReference<>(new Known<>(Answers.none(), names.nanoTime(), null, names.nanoTime()));
    }

    /** Asks; the flight is told the outcome, now or later. */
    abstract void lookUp(Flight outcome);

    /** How many it may have; a name server may send hundreds. */
    abstract int max();

    /** What they are called in the log. */
    abstract String what();

    /** One of them in the log. */
    abstract String text(T one);

    private Known<T> seen() {
        return Objects.requireNonNull(known.get());
    }

    HostNames names() {
        return names;
    }

    void start() {
        ask();
    }

    /** Starts with what the answer for another name has said of this one; it is asked for when that is not valid. */
    void startWith(List<T> answer, Duration valid) {
        new Flight().answered(() -> learn(answer), valid);
    }

    /** What it has now. */
    Answers<T> answers() {
        return seen().answers;
    }

    /** Whether it is known to have nothing that can be used now. */
    boolean isNowhere() {
        return seen().isNowhere();
    }

    /** Why it has nothing. */
    String failure() {
        String failure = seen().failure;
        return failure == null ? "no answer yet" : failure;
    }

    /** Runs a task whenever what it has, or {@link #isNowhere}, has changed; on any thread but a loop. */
    void watch(Runnable watcher) {
        watchers.add(watcher);
    }

    void unwatch(Runnable watcher) {
        watchers.remove(watcher);
    }

    /** It is not looked up again, unless a request that is late asks for it. */
    void stop() {
        stopped = true;
    }

    private boolean isStopped() {
        return stopped || names.isClosed();
    }

    /**
     * Runs a task once a lookup has ended, whatever came of it: now, if one has failed just now.
     *
     * @return false if too many wait already: it will not run
     */
    boolean afterLookup(Runnable task) {
        Known<T> now = seen();
        if (now.failure != null && names.nanoTime() - now.failedNanos < RETRY.toNanos()) {
            task.run();
            return true;
        }
        Flight under = ask();
        if (under.waiting.incrementAndGet() > WAITING_MAX) {
            return false;
        }
        under.ended.thenRun(task);
        return true;
    }

    // ---- asking -----------------------------------------------------------------------------------------------------

    /** The lookup that is under way, or a new one. */
    private Flight ask() {
        while (true) {
            Flight under = flight.get();
            if (under != null) {
                return under;
            }
            Flight mine = new Flight();
            if (flight.compareAndSet(null, mine)) {
                mine.watch();
                try {
                    lookUp(mine);
                } catch (RuntimeException ended) { // the process ends, and its threads have
                    mine.failed(String.valueOf(ended.getMessage()), false);
                }
                return mine;
            }
        }
    }

    /** One lookup. */
    final class Flight {
        private final CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();
        private final AtomicInteger waiting = new AtomicInteger();
        private final AtomicBoolean told = new AtomicBoolean();

        /** Says every {@link #SILENT} that there is no answer, until there is one. */
        private void watch() {
            names.timer().after(SILENT, () -> {
                if (!told.get() && !isStopped()) {
                    try {
                        learnFailure("no answer of the name server", false, told::get);
                    } finally {
                        watch();
                    }
                }
            });
        }

        /**
         * There is an answer.
         *
         * @param learns takes it in, with {@link #learn}
         */
        void answered(Runnable learns, Duration valid) {
            if (told.compareAndSet(false, true)) {
                try {
                    learns.run();
                } finally {
                    end(bounded(valid));
                }
            }
        }

        /** See {@link HostLookup.Reply#failed}. */
        void failed(String why, boolean noSuchName) {
            if (told.compareAndSet(false, true)) {
                try {
                    learnFailure(why, noSuchName, () -> false);
                } finally {
                    end(HostLookup.REFRESH);
                }
            }
        }

        /**
         * In this order: what was learnt is there before the next lookup may begin, and a request that finds this one
         * under way after its end is told at once.
         *
         * @param next when the name is to be asked for again, unless a request needs it before
         */
        private void end(Duration next) {
            last.set(this);
            flight.compareAndSet(this, null); // after startWith, a real one may be under way
            ended.complete(null);
            names.timer().after(next, () -> {
                if (last.get() == this && !isStopped()) {
                    ask();
                }
            });
        }
    }

    private static Duration bounded(Duration valid) {
        return valid.compareTo(VALID_MIN) < 0 ? VALID_MIN : valid.compareTo(VALID_MAX) > 0 ? VALID_MAX : valid;
    }

    // ---- what is known ----------------------------------------------------------------------------------------------

    /** Takes an answer in; one that is empty says that there is nothing. */
    final void learn(List<T> answer) {
        long now = names.nanoTime();
        String nothing = answer.isEmpty() ? "it says that it has no " + what() : null;
        Known<T> before;
        Known<T> after;
        do {
            before = seen();
            long failed = nothing == null ? before.failedNanos : now;
            after = new Known<>(merge(before.answers, answer, now), now, nothing, failed);
        } while (!known.compareAndSet(before, after));
        logAnswer(before, after);
        tell(before, after);
        if (!after.answers.held.isEmpty() && !before.answers.equals(after.answers)) {
            names.timer().after(HELD, this::letGo);
        }
    }

    private void logAnswer(Known<T> before, Known<T> after) {
        List<T> were = before.answers.current;
        List<T> are = after.answers.current;
        if (after.failure != null) {
            if (!after.failure.equals(before.failure)) {
                LOG.warn("name {}: {}", this, after.failure);
            }
        } else if (before.failure != null) {
            LOG.info("name {}: found again, at {}", this, text(are));
        } else if (!were.isEmpty() && !were.equals(are)) {
            LOG.info("name {}: now at {}, before at {}", this, text(are), text(were));
        }
    }

    /** Lets those go of that are missing for {@link #HELD}, even if the next answer is a long time off. */
    private void letGo() {
        long now = names.nanoTime();
        Known<T> before;
        Known<T> after;
        do {
            before = seen();
            List<Held<T>> held = stillHeld(before.answers.held, now);
            if (held.size() == before.answers.held.size()) {
                return;
            }
            after = new Known<>(
                    new Answers<>(before.answers.current, held),
                    before.answeredNanos,
                    before.failure,
                    before.failedNanos);
        } while (!known.compareAndSet(before, after));
        tell(before, after);
    }

    private static <T> List<Held<T>> stillHeld(List<Held<T>> held, long now) {
        return held.stream()
                .filter(each -> now - each.missingSinceNanos < HELD.toNanos())
                .toList();
    }

    /**
     * Nothing was heard.
     *
     * @param outdated asked after what is known was read, so that no answer is taken back that has come meanwhile
     */
    private void learnFailure(String why, boolean noSuchName, BooleanSupplier outdated) {
        long now = names.nanoTime();
        Duration kept = noSuchName ? KEPT_WITHOUT_NAME : KEPT;
        Known<T> before;
        Known<T> after;
        do {
            before = seen();
            if (outdated.getAsBoolean()) {
                return;
            }
            boolean over = now - before.answeredNanos >= kept.toNanos();
            after = new Known<>(over ? Answers.none() : before.answers, before.answeredNanos, why, now);
        } while (!known.compareAndSet(before, after));
        if (before.failure == null && !after.answers.current.isEmpty()) {
            LOG.warn(
                    "name {}: cannot be looked up ({}); its last {} {} are used for at most {} s more",
                    this,
                    why,
                    what(),
                    text(after.answers.current),
                    TimeUnit.NANOSECONDS.toSeconds(kept.toNanos() - (now - after.answeredNanos)));
        } else if (before.failure == null || !before.answers.equals(after.answers)) {
            LOG.warn("name {}: cannot be looked up ({}); connects to it fail", this, why);
        }
        tell(before, after);
    }

    private void tell(Known<T> before, Known<T> after) {
        if (!before.answers.equals(after.answers) || before.isNowhere() != after.isNowhere()) {
            watchers.forEach(Runnable::run);
        }
    }

    /** The same object if nothing has changed. */
    private Answers<T> merge(Answers<T> before, List<T> answer, long now) {
        Set<T> fresh = new LinkedHashSet<>();
        for (T each : answer) {
            if (fresh.size() < max()) {
                fresh.add(each);
            }
        }
        List<Held<T>> held = new ArrayList<>();
        for (Held<T> each : stillHeld(before.held, now)) {
            if (!fresh.contains(each.what)) {
                held.add(each);
            }
        }
        for (T each : before.current) {
            if (!fresh.contains(each) && held.size() < max()) {
                held.add(new Held<>(each, now));
            }
        }
        // In another order they are the same: many name servers turn them round with each answer.
        boolean same = fresh.equals(Set.copyOf(before.current));
        if (same && held.equals(before.held)) {
            return before;
        }
        return new Answers<>(same ? before.current : List.copyOf(fresh), List.copyOf(held));
    }

    private String text(List<T> all) {
        return String.join(", ", all.stream().map(this::text).toList());
    }

    @Override
    public String toString() {
        return name;
    }
}
