package dev.baton.runtime.fd;

import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.fd.FdInfo;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The plugins' fd hooks. They are called by the thread that changes the fd, under its claim; what a hook throws is
 * counted for its plugin, and neither the fd nor the other hooks notice.
 */
public final class FdHooks {
    private static final Logger LOG = LoggerFactory.getLogger(FdHooks.class);
    private static final PluginHook[] NONE = {};

    private final AtomicLong untold = new AtomicLong();
    private volatile PluginHook[] hooks = NONE;
    private volatile @Nullable PluginFailures failures;

    private interface Call {
        void on(FdHook hook, FdInfo fd);
    }

    /** Sets the hooks; fds that were inserted before are not told of. */
    public void set(List<PluginHook> all, PluginFailures onFailure) {
        failures = onFailure;
        hooks = all.toArray(NONE);
    }

    /** The hooks that were set. */
    public List<PluginHook> all() {
        return List.of(hooks);
    }

    /** Changes so far of which a hook, or the counter of its failures, could not be told. */
    public long untold() {
        return untold.get();
    }

    // Without hooks none of these allocates.

    void inserted(Registration registration) {
        if (hooks.length > 0) {
            call(registration, FdHook::inserted);
        }
    }

    void takenOver(Registration registration, int victim, int thief) {
        if (hooks.length > 0) {
            call(registration, (hook, fd) -> hook.takenOver(fd, victim, thief));
        }
    }

    void orphaned(Registration registration) {
        if (hooks.length > 0) {
            call(registration, FdHook::orphaned);
        }
    }

    void closed(Registration registration, ClosedBy by) {
        if (hooks.length > 0) {
            call(registration, (hook, fd) -> hook.closed(fd, by));
        }
    }

    /**
     * Calls all hooks. Throws nothing: the word has changed, and an Error that got out of here, for want of memory
     * above all, would have a caller lose its claim, or leave a number open (TakeoverErrorTest of it/simulation).
     */
    private void call(Registration registration, Call call) {
        try {
            FdInfo info = registration.info();
            for (PluginHook each : hooks) {
                call(each, info, call);
            }
        } catch (Throwable t) { // Errors as well; to log one would need memory
            untold.incrementAndGet();
        }
    }

    private void call(PluginHook hook, FdInfo info, Call call) {
        long begun = System.nanoTime();
        try {
            call.on(hook.hook(), info);
        } catch (Throwable t) { // Errors as well: the fd must be closed whatever a hook does
            failed(hook, info, t);
        }
        hook.took(System.nanoTime() - begun, info);
    }

    private void failed(PluginHook hook, FdInfo info, Throwable cause) {
        try {
            LOG.warn("fd hook of plugin {} threw for {}", hook.plugin(), info.fd(), cause);
            PluginFailures onFailure = failures;
            if (onFailure != null) {
                onFailure.failed(hook.plugin(), cause);
            }
        } catch (Throwable t) { // Errors as well: the other hooks are still to be called
            untold.incrementAndGet();
        }
    }
}
