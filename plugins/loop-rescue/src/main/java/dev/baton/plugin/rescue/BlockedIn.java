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
    /** Whose frames lead to a callback and are none. */
    private static final List<String> FRAMES_OF_THE_HOUSE =
            List.of("java.", "jdk.", "sun.", "io.netty.", "io.vertx.core.", "dev.baton.runtime.");
    /** Frames that are told: whatever is deeper repeats itself. */
    private static final int FRAMES_MAX = 64;

    static BlockedIn of(WatchedLoop loop) {
        LoopThread thread = loop.thread();
        List<StackTraceElement> stack =
                thread == null ? List.of() : List.of(thread.thread().getStackTrace());
        return new BlockedIn(loop.loop().id(), loop.running(), callback(stack), stack);
    }

    /** The outermost frame that is somebody else's: what the runtime has called. */
    static String callback(List<StackTraceElement> stack) {
        for (int i = stack.size() - 1; i >= 0; i--) {
            String type = stack.get(i).getClassName();
            if (FRAMES_OF_THE_HOUSE.stream().noneMatch(type::startsWith)) {
                return type + "." + stack.get(i).getMethodName();
            }
        }
        return stack.isEmpty()
                ? "unknown"
                : stack.get(0).getClassName() + "." + stack.get(0).getMethodName();
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
