package dev.baton.runtime.fd;

import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.fd.FdInfo;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.fd.TakeoverResult;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts what happens in the fd table and tells the hooks. Changes nothing; nothing that a hook does changes anything. */
public final class FdWitness {
    private static final Logger LOG = LoggerFactory.getLogger(FdWitness.class);
    private static final HookOf[] NO_HOOKS = {};

    private final LongAdder open = new LongAdder();
    private final LongAdder orphans = new LongAdder();
    private final LongAdder closedByDeleter = new LongAdder();
    private final LongAdder closedByLeaver = new LongAdder();
    private final LongAdder taken = new LongAdder();
    private final LongAdder busy = new LongAdder();
    private final LongAdder gone = new LongAdder();
    private final LongAdder stale = new LongAdder();
    /** Downstream connections that each loop owns. Not padded: it changes when a connection begins, moves or ends. */
    private final AtomicIntegerArray downstream = new AtomicIntegerArray(ClaimWord.MAX_LOOP + 1);

    private final AtomicLong untold = new AtomicLong();

    private volatile HookOf[] hooks = NO_HOOKS;
    private volatile @Nullable PluginFailures failures;

    /** A hook, the id of the plugin that it belongs to, and the time that it has taken. */
    public static final class HookOf {
        /** A hook has to return at once: it runs under claims, and under locks of whoever deletes. */
        static final long SLOW_NANOS = 5_000_000;

        private static final long TOLD_EVERY_NANOS = 60_000_000_000L;

        private final String plugin;
        private final FdHook hook;
        private final LongAdder nanos = new LongAdder();
        private final AtomicLong toldNext = new AtomicLong(System.nanoTime());

        /** A hook that has taken no time yet. */
        public HookOf(String plugin, FdHook hook) {
            this.plugin = plugin;
            this.hook = hook;
        }

        /** Id of its plugin. */
        public String plugin() {
            return plugin;
        }

        /** The time it has taken so far, in milliseconds. */
        public long millis() {
            return TimeUnit.NANOSECONDS.toMillis(nanos.sum());
        }

        private void took(long taken, FdInfo info) {
            nanos.add(taken);
            if (taken < SLOW_NANOS) {
                return;
            }
            long now = System.nanoTime();
            long next = toldNext.get();
            if (now - next >= 0 && toldNext.compareAndSet(next, now + TOLD_EVERY_NANOS)) {
                LOG.warn(
                        "fd hook of plugin {} took {} ms for {} ({}): a hook must return at once, it holds up whoever"
                                + " inserts, takes over or deletes an fd",
                        plugin,
                        TimeUnit.NANOSECONDS.toMillis(taken),
                        info.fd(),
                        info.kind());
            }
        }
    }

    /** Is told when a plugin's code throws. */
    @FunctionalInterface
    public interface PluginFailures {
        /** The plugin's code threw. Any thread; must not throw. */
        void failed(String plugin, Throwable cause);
    }

    /** The hooks. */
    public List<HookOf> hooks() {
        return List.of(hooks);
    }

    /** Sets the hooks; fds that were inserted before are not told of. */
    public void hooks(List<HookOf> all, PluginFailures onFailure) {
        failures = onFailure;
        hooks = all.toArray(NO_HOOKS);
    }

    /** An event came for a registration that is gone, or that another loop owns. */
    public void stale() {
        stale.increment();
        ProtocolEvents.stale();
    }

    void inserted(Registration registration, int owner) {
        open.increment();
        moved(registration, ClaimWord.NONE, owner);
        if (hooks.length > 0) {
            tell(registration, FdHook::inserted);
        }
    }

    /** Under a claim, or in the finalizer: for one fd one after the other, so that what it adds up to is never wrong. */
    void moved(Registration registration, int from, int to) {
        if (registration.kind == FdKind.DOWNSTREAM) {
            if (to <= ClaimWord.MAX_LOOP) {
                downstream.getAndIncrement(to);
            }
            if (from <= ClaimWord.MAX_LOOP) {
                downstream.getAndDecrement(from);
            }
        }
    }

    void taken(Registration registration, int victim, int thief) {
        taken.increment();
        ProtocolEvents.takeover(registration.fd, victim, thief);
        if (hooks.length > 0) {
            tell(registration, (hook, fd) -> hook.takenOver(fd, victim, thief));
        }
    }

    void takeoverRefused(TakeoverResult result) {
        (result == TakeoverResult.BUSY ? busy : gone).increment();
    }

    void orphaned(Registration registration) {
        orphans.increment();
        ProtocolEvents.orphan(registration.fd);
        if (hooks.length > 0) {
            tell(registration, FdHook::orphaned);
        }
    }

    void closing(Registration registration, int owner, ClosedBy by) {
        open.decrement();
        moved(registration, owner, ClaimWord.NONE);
        if (by == ClosedBy.LEAVER) {
            orphans.decrement();
            closedByLeaver.increment();
        } else {
            closedByDeleter.increment();
        }
        ProtocolEvents.close(registration.fd, by);
        if (hooks.length > 0) {
            tell(registration, (hook, fd) -> hook.closed(fd, by));
        }
    }

    void closeFailed(Registration registration, int result) {
        // Nothing can be done: the number is free whatever close(2) says, unless it was not open (EBADF), which means
        // that somebody closed it behind the table's back.
        LOG.error("close of {} ({}) answered errno {}", registration.fd, registration.kind, -result);
    }

    void removeFailed(Registration registration, int loop, Throwable cause) {
        LOG.error("the poller of loop {} cannot let go of {} ({})", loop, registration.fd, registration.kind, cause);
    }

    private interface Telling {
        void tell(FdHook hook, FdInfo fd);
    }

    /**
     * Tells all hooks. Throws nothing: the word has changed, and an Error that got out of here, for want of memory above all,
     * would have a caller lose its claim, or leave a number open (TakeoverErrorTest of it/simulation).
     */
    private void tell(Registration registration, Telling telling) {
        try {
            FdInfo info = registration.info();
            for (HookOf each : hooks) {
                tell(each, info, telling);
            }
        } catch (Throwable t) { // an Error too; to log it would need memory
            untold.incrementAndGet();
        }
    }

    private void tell(HookOf hook, FdInfo info, Telling telling) {
        long begun = System.nanoTime();
        try {
            telling.tell(hook.hook, info);
        } catch (Throwable t) { // an Error too: the fd must be closed whatever a hook does
            failed(hook, info, t);
        }
        hook.took(System.nanoTime() - begun, info);
    }

    private void failed(HookOf hook, FdInfo info, Throwable cause) {
        try {
            LOG.warn("fd hook of plugin {} threw for {}", hook.plugin(), info.fd(), cause);
            PluginFailures onFailure = failures;
            if (onFailure != null) {
                onFailure.failed(hook.plugin(), cause);
            }
        } catch (Throwable t) { // an Error too: the other hooks are still to be told
            untold.incrementAndGet();
        }
    }

    /** Downstream connections that a loop owns now, wherever they were accepted. */
    public int downstream(int loop) {
        return downstream.get(loop);
    }

    /** Fds in the table now. */
    public long openFds() {
        return open.sum();
    }

    /** Fds that were deleted and not closed yet. */
    public long orphans() {
        return Math.max(0, orphans.sum());
    }

    /** Closes so far. */
    public long closes(ClosedBy by) {
        return (by == ClosedBy.LEAVER ? closedByLeaver : closedByDeleter).sum();
    }

    /** Takeovers so far that ended so. */
    public long takeovers(TakeoverResult result) {
        return switch (result) {
            case TAKEN -> taken.sum();
            case BUSY -> busy.sum();
            case GONE -> gone.sum();
        };
    }

    /** Changes so far of which not all hooks could be told, nor anybody else that this is so. */
    public long untold() {
        return untold.get();
    }

    /** Events so far that came too late. */
    public long staleEvents() {
        return stale.sum();
    }
}
