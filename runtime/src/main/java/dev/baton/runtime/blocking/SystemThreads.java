package dev.baton.runtime.blocking;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.lang.reflect.Method;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** Virtual threads where the JDK has them, from 21 on; else threads that are kept for a minute. All are daemons. */
public final class SystemThreads implements WorkerThreads {
    /** Each has a stack. */
    private static final int USUAL_PLATFORM = 64;
    /** They cost a few KiB; but what they wait for should not be asked without a limit. */
    private static final int USUAL_VIRTUAL = 1024;

    private static final @Nullable Method START_VIRTUAL = startVirtual();

    private final ExecutorService platform =
            Executors.newCachedThreadPool(new OwnThreads(new DefaultThreadFactory("baton-blocking", true)));

    /** Without any thread yet. */
    public SystemThreads() {}

    @Override
    public int usual() {
        return START_VIRTUAL == null ? USUAL_PLATFORM : USUAL_VIRTUAL;
    }

    private static @Nullable Method startVirtual() {
        if (Runtime.version().feature() < 21) {
            return null;
        }
        try {
            return Thread.class.getMethod("startVirtualThread", Runnable.class);
        } catch (NoSuchMethodException e) {
            return null;
        }
    }

    @Override
    public void start(String name, Runnable task) {
        Runnable named = () -> {
            Thread thread = Thread.currentThread();
            String before = thread.getName();
            thread.setName(name);
            try {
                task.run();
            } finally {
                thread.setName(before);
            }
        };
        if (START_VIRTUAL == null) {
            platform.execute(named);
            return;
        }
        try {
            START_VIRTUAL.invoke(null, named);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot start a virtual thread", e);
        }
    }

    /** No more threads; those that run may end. */
    public void close() {
        platform.shutdown();
    }
}
