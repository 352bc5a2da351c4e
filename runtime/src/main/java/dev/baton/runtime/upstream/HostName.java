package dev.baton.runtime.upstream;

import java.net.InetAddress;
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
 * What is known of one host name. It is looked up again when the last answer is no longer valid, or
 * {@link HostLookup#REFRESH} after a failure, by one lookup at a time; whoever needs an address does not wait while one
 * is known, be the name server as silent as it may.
 *
 * <pre>
 *   event                                            addresses                           lookups that fail
 *   answer with addresses                            those of the answer                 none
 *   an address is missing in an answer               held: not used for new connections
 *   a held address is in an answer again             used again
 *   a held one is missing for HELD                   gone: its connections are let go of
 *   a lookup fails, or is silent for SILENT          as before                           said at the first
 *   the same, and the last answer is older than      none: connects fail                 said
 *     KEPT (KEPT_WITHOUT_NAME if there is no such name)
 * </pre>
 *
 * <p>An address is held for a moment because some name servers give another part of many addresses with each answer.
 *
 * <p>Threading: any thread. What is known is one immutable record, replaced by compare-and-set.
 */
final class HostName {
    private static final Logger LOG = LoggerFactory.getLogger(HostName.class);

    /** A shorter TTL counts as this: 0 is common, and would have the name server asked without an end. */
    static final Duration VALID_MIN = Duration.ofSeconds(1);

    /**
     * A longer TTL counts as this. Some are a day, set when nobody thought of a move; a lookup every five minutes costs
     * two datagrams.
     */
    static final Duration VALID_MAX = Duration.ofMinutes(5);

    /** When a lookup under way counts as failed. It goes on: its answer is welcome whenever it comes. */
    static final Duration SILENT = Duration.ofSeconds(5);

    /** How long an address must be missing in the answers until connections to it are let go of. */
    static final Duration HELD = Duration.ofSeconds(10);

    /** How long the last addresses are used while nothing is heard of the name. */
    static final Duration KEPT = Duration.ofHours(1);

    /** How long they are used while the answer is that there is no such name. */
    static final Duration KEPT_WITHOUT_NAME = Duration.ofSeconds(30);

    /** For this long a failed lookup of a name without an address answers those who ask for it. */
    static final Duration RETRY = Duration.ofSeconds(1);

    /** Addresses of a name that are used; a name server may send hundreds. */
    static final int ADDRESSES_MAX = 64;

    /** Connects that wait for one lookup; each holds a request. */
    static final int WAITING_MAX = 4096;

    private final String host;
    private final HostNames names;
    private final AtomicReference<Known> known;
    private final AtomicReference<@Nullable Flight> flight = new AtomicReference<>();
    /**
     * The lookup whose end has set the time of the next one; tasks of the timer that older ones have set do nothing.
     */
    private final AtomicReference<@Nullable Flight> last = new AtomicReference<>();

    private final List<Runnable> watchers = new CopyOnWriteArrayList<>();
    /** Those that have asked {@link HostNames#name} for it, which guards this. */
    int users;

    private volatile boolean stopped;

    /** An address that was missing in the last answer. */
    record Held(InetAddress address, long missingSinceNanos) {}

    /** The addresses of a name; the same object as long as they are the same. */
    record Addresses(List<InetAddress> current, List<Held> held) {
        static final Addresses NONE = new Addresses(List.of(), List.of());
    }

    /**
     * All that is known.
     *
     * @param answeredNanos when they were last confirmed
     * @param failure why nothing was heard since; null if something was
     * @param failedNanos when a lookup last failed
     */
    private record Known(
            Addresses addresses,
            long answeredNanos,
            @Nullable String failure,
            long failedNanos) {}

    HostName(String host, HostNames names) {
        this.host = host;
        this.names = names;
        this.known = new AtomicReference<>(new Known(Addresses.NONE, names.nanoTime(), null, names.nanoTime()));
    }

    private Known seen() {
        return Objects.requireNonNull(known.get());
    }

    void start() {
        ask();
    }

    Addresses addresses() {
        return seen().addresses;
    }

    /** Why there is no address. */
    String failure() {
        String failure = seen().failure;
        return failure == null ? "no answer yet" : failure;
    }

    /** Runs a task whenever the addresses have changed, on any thread but a loop. */
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
        Known now = seen();
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
                    names.lookup().lookUp(host, mine);
                } catch (RuntimeException ended) { // the process ends, and its threads have
                    mine.failed(String.valueOf(ended.getMessage()), false);
                }
                return mine;
            }
        }
    }

    /** One lookup. */
    private final class Flight implements HostLookup.Reply {
        final CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();
        final AtomicInteger waiting = new AtomicInteger();
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

        @Override
        public void found(List<InetAddress> addresses, Duration valid) {
            if (told.compareAndSet(false, true)) {
                try {
                    learn(addresses);
                } finally {
                    end(bounded(valid));
                }
            }
        }

        @Override
        public void failed(String why, boolean noSuchName) {
            if (told.compareAndSet(false, true)) {
                try {
                    learnFailure(why, noSuchName, () -> false);
                } finally {
                    end(HostLookup.REFRESH);
                }
            }
        }

        /**
         * In this order: what was learnt is there before the next lookup may begin, and whoever finds this one under
         * way after the end of it is told at once.
         *
         * @param next when the name is to be asked for again, unless somebody who needs an address does before
         */
        private void end(Duration next) {
            last.set(this);
            flight.set(null);
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

    private void learn(List<InetAddress> answer) {
        long now = names.nanoTime();
        Known before;
        Known after;
        do {
            before = seen();
            after = new Known(merge(before.addresses, answer, now), now, null, before.failedNanos);
        } while (!known.compareAndSet(before, after));
        List<InetAddress> were = before.addresses.current;
        List<InetAddress> are = after.addresses.current;
        if (before.failure != null) {
            LOG.info("name {}: found again, at {}", host, text(are));
        } else if (!were.isEmpty() && were != are) {
            LOG.info("name {}: now at {}, before at {}", host, text(are), text(were));
        }
        tell(before, after);
        if (!after.addresses.held.isEmpty() && !before.addresses.equals(after.addresses)) {
            names.timer().after(HELD, this::letGo);
        }
    }

    /** Lets those go of that are missing for {@link #HELD}, be the next answer a long time off. */
    private void letGo() {
        long now = names.nanoTime();
        Known before;
        Known after;
        do {
            before = seen();
            List<Held> held = stillHeld(before.addresses.held, now);
            if (held.size() == before.addresses.held.size()) {
                return;
            }
            after = new Known(
                    new Addresses(before.addresses.current, held),
                    before.answeredNanos,
                    before.failure,
                    before.failedNanos);
        } while (!known.compareAndSet(before, after));
        tell(before, after);
    }

    private static List<Held> stillHeld(List<Held> held, long now) {
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
        Known before;
        Known after;
        do {
            before = seen();
            if (outdated.getAsBoolean()) {
                return;
            }
            boolean over = now - before.answeredNanos >= kept.toNanos();
            after = new Known(over ? Addresses.NONE : before.addresses, before.answeredNanos, why, now);
        } while (!known.compareAndSet(before, after));
        if (before.failure == null && !after.addresses.current.isEmpty()) {
            LOG.warn(
                    "name {}: cannot be looked up ({}); its last addresses {} are used for at most {} s more",
                    host,
                    why,
                    text(after.addresses.current),
                    TimeUnit.NANOSECONDS.toSeconds(kept.toNanos() - (now - after.answeredNanos)));
        } else if (before.failure == null || !before.addresses.equals(after.addresses)) {
            LOG.warn("name {}: cannot be looked up ({}); connects to it fail", host, why);
        }
        tell(before, after);
    }

    private void tell(Known before, Known after) {
        if (!before.addresses.equals(after.addresses)) {
            watchers.forEach(Runnable::run);
        }
    }

    /** The same object if nothing has changed. */
    private static Addresses merge(Addresses before, List<InetAddress> answer, long now) {
        Set<InetAddress> fresh = new LinkedHashSet<>();
        for (InetAddress address : answer) {
            if (fresh.size() < ADDRESSES_MAX) {
                fresh.add(address);
            }
        }
        List<Held> held = new ArrayList<>();
        for (Held each : stillHeld(before.held, now)) {
            if (!fresh.contains(each.address)) {
                held.add(each);
            }
        }
        for (InetAddress each : before.current) {
            if (!fresh.contains(each) && held.size() < ADDRESSES_MAX) {
                held.add(new Held(each, now));
            }
        }
        // In another order they are the same: many name servers turn them round with each answer.
        boolean same = fresh.equals(Set.copyOf(before.current));
        if (same && held.equals(before.held)) {
            return before;
        }
        return new Addresses(same ? before.current : List.copyOf(fresh), List.copyOf(held));
    }

    private static String text(List<InetAddress> addresses) {
        return String.join(
                ", ", addresses.stream().map(InetAddress::getHostAddress).toList());
    }

    @Override
    public String toString() {
        return host;
    }
}
