package dev.baton.plugin.rescue;

import dev.baton.spi.rescue.LoopThread;
import dev.baton.spi.rescue.RunningFd;
import dev.baton.spi.rescue.WatchedLoop;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a loop is blocked in.
 *
 * @param loop the loop's id
 * @param fds the fds in which it runs, that of the event first; empty if it is some other task
 * @param callback the method that the runtime has called, as {@code CLASS.METHOD}
 * @param stack the thread's stack, the innermost frame first
 */
record BlockedIn(int loop, List<RunningFd> fds, String callback, List<StackTraceElement> stack) {
    /** Whose frames call callbacks and are none. */
    private static final List<String> HOUSE = List.of("io.netty.", "io.vertx.core.", "dev.baton.runtime.");
    /** Whose frames are whoever's who called them. */
    private static final List<String> NEUTRAL = List.of("java.", "jdk.", "sun.");

    /** Frames that are told: whatever is deeper repeats itself. */
    private static final int FRAMES_MAX = 64;

    static BlockedIn of(WatchedLoop loop) {
        LoopThread thread = loop.thread();
        List<StackTraceElement> stack =
                thread == null ? List.of() : List.of(thread.thread().getStackTrace());
        return new BlockedIn(loop.loop().id(), loop.running(), callback(stack), stack);
    }

    /**
     * What the runtime has called: of the frames that are neither its own, nor Netty's, nor the JDK's, the one through which the
     * thread came last. Where it has called nothing, or only the poller, whatever runs.
     */
    static String callback(List<StackTraceElement> stack) {
        StackTraceElement innermost = null;
        StackTraceElement theirs = null;
        for (StackTraceElement frame : stack) {
            String type = frame.getClassName();
            if (starts(type, NEUTRAL)) {
                continue;
            }
            innermost = innermost == null ? frame : innermost;
            if (!starts(type, HOUSE)) {
                theirs = frame;
            } else if (theirs != null) {
                // The poller is a plugin's too, and every event comes through it.
                return name(frame.getMethodName().equals("poll") ? innermost : theirs);
            }
        }
        return theirs != null ? name(theirs) : innermost != null ? name(innermost) : "unknown";
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

    /** The plugin, or empty if it is none's fd. */
    String plugin() {
        RunningFd first = first();
        return first == null ? "" : first.plugin();
    }

    /** For a person: {@code plugin chaos, fd 17/3, dev.baton.plugin.chaos.ChaosHandler.channelRead0}. */
    String words() {
        RunningFd first = first();
        return first == null
                ? "a task, " + callback
                : "plugin " + first.plugin() + ", fd " + first.fd().number() + "/"
                        + Integer.toUnsignedString(first.fd().generation()) + ", " + callback;
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
