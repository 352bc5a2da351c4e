package dev.baton.plugin.rescue;

import dev.baton.spi.Plugin;
import dev.baton.spi.loop.LoopThread;
import dev.baton.spi.loop.RunningFd;
import dev.baton.spi.loop.WatchedLoop;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a loop is blocked in.
 *
 * @param loop the loop's id
 * @param fds the fds whose code it runs, that of the event first; empty if it runs some other task
 * @param callback the method that the runtime has called, as {@code CLASS.METHOD}
 * @param owner id of the plugin that the method belongs to, empty if it is none's: a hook runs on the fds of others
 * @param stack the thread's stack, the innermost frame first
 */
record BlockedIn(int loop, List<RunningFd> fds, String callback, String owner, List<StackTraceElement> stack) {
    /** Classes whose frames call callbacks and are none themselves. */
    private static final List<String> HOUSE = List.of("io.netty.", "io.vertx.core.", "dev.baton.runtime.");
    /** Classes whose frames count as their caller's. */
    private static final List<String> NEUTRAL = List.of("java.", "jdk.", "sun.");

    /** Frames that are shown: deeper ones repeat themselves. */
    private static final int FRAMES_MAX = 64;

    static BlockedIn of(WatchedLoop loop) {
        LoopThread thread = loop.thread();
        List<StackTraceElement> stack =
                thread == null ? List.of() : List.of(thread.thread().getStackTrace());
        return of(loop.loop().id(), loop.running(), stack);
    }

    static BlockedIn of(int loop, List<RunningFd> fds, List<StackTraceElement> stack) {
        StackTraceElement called = called(stack);
        return new BlockedIn(loop, fds, called == null ? "unknown" : name(called), owner(called), stack);
    }

    private static String owner(@Nullable StackTraceElement frame) {
        String loader = frame == null ? null : frame.getClassLoaderName();
        return loader != null && loader.startsWith(Plugin.LOADER_PREFIX)
                ? loader.substring(Plugin.LOADER_PREFIX.length())
                : "";
    }

    /**
     * What the runtime has called: of the frames that are neither its own, nor Netty's, nor the JDK's, the one through
     * which the thread came last. If a plugin has called another one, as a service calls its filters, what that one has
     * been called for. Where the runtime has called nothing, or only the poller, whatever runs.
     */
    private static @Nullable StackTraceElement called(List<StackTraceElement> stack) {
        StackTraceElement innermost = null;
        StackTraceElement theirs = null;
        for (StackTraceElement frame : stack) {
            String type = frame.getClassName();
            if (starts(type, NEUTRAL)) {
                continue;
            }
            innermost = innermost == null ? frame : innermost;
            if (!starts(type, HOUSE)) {
                theirs = theirs == null
                                || owner(theirs).isEmpty()
                                || owner(theirs).equals(owner(frame))
                        ? frame
                        : theirs;
            } else if (theirs != null) {
                // The poller is a plugin's too, and every event comes through it.
                return frame.getMethodName().equals("poll") ? innermost : theirs;
            }
        }
        return theirs != null ? theirs : innermost;
    }

    private static boolean starts(String type, List<String> prefixes) {
        return prefixes.stream().anyMatch(type::startsWith);
    }

    private static String name(StackTraceElement frame) {
        return frame.getClassName() + "." + frame.getMethodName();
    }

    @Nullable
    RunningFd first() {
        return fds.isEmpty() ? null : fds.get(0);
    }

    /** The plugin whose code it is, else the one whose fd it is; empty if it is none's. */
    String plugin() {
        RunningFd first = first();
        return owner.isEmpty() && first != null ? first.plugin() : owner;
    }

    /** For a person: {@code plugin chaos, fd 17/3 of http, dev.baton.plugin.chaos.ChaosHandler.handle}. */
    String words() {
        RunningFd first = first();
        if (first == null) {
            return (owner.isEmpty() ? "" : "plugin " + owner + ", ") + "a task, " + callback;
        }
        boolean others = !owner.isEmpty() && !owner.equals(first.plugin());
        return "plugin " + plugin() + ", fd " + first.fd().number() + "/"
                + Integer.toUnsignedString(first.fd().generation())
                + (others ? " of " + first.plugin() : "") + ", " + callback;
    }

    /** The stack as a thread dump shows it, each line beginning on a new one. */
    String stackLines() {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < Math.min(FRAMES_MAX, stack.size()); i++) {
            lines.append("\n    at ").append(stack.get(i));
        }
        return lines.toString();
    }
}
