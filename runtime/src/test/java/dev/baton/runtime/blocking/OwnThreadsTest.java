package dev.baton.runtime.blocking;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class OwnThreadsTest {
    /** Stands for a plugin, which asks for a thread. */
    public static final class Asking implements BiFunction<ThreadFactory, Runnable, Thread> {
        @Override
        public Thread apply(ThreadFactory threads, Runnable task) {
            return threads.newThread(task);
        }
    }

    /** Has a copy of {@link Asking}, as the loader of a plugin has its classes. */
    private static final class PluginLoader extends ClassLoader {
        PluginLoader() {
            super(OwnThreadsTest.class.getClassLoader());
        }

        Class<?> asking() throws IOException {
            String name = Asking.class.getName();
            try (InputStream file =
                    OwnThreadsTest.class.getClassLoader().getResourceAsStream(name.replace('.', '/') + ".class")) {
                byte[] bytes = file == null ? new byte[0] : file.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            }
        }
    }

    @SuppressWarnings("unchecked")
    private static WeakReference<ClassLoader> started(ThreadFactory threads, Runnable task, List<Thread> made)
            throws Exception {
        PluginLoader loader = new PluginLoader();
        Class<?> asking = loader.asking();
        assertThat(asking.getClassLoader()).isSameAs(loader);
        var plugin = (BiFunction<ThreadFactory, Runnable, Thread>)
                asking.getConstructor().newInstance();
        Thread thread = plugin.apply(threads, task);
        thread.start();
        made.add(thread);
        return new WeakReference<>(loader);
    }

    /** The thread lives longer than the plugin. */
    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS)
    void shouldKeepNothingOfWhoAsks() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        List<Thread> made = new ArrayList<>();
        Runnable task = () -> {
            try {
                end.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };
        try {
            WeakReference<ClassLoader> plugin =
                    started(new OwnThreads(new DefaultThreadFactory("own", true)), task, made);
            for (int i = 0; i < 20 && plugin.get() != null; i++) {
                System.gc();
            }
            assertThat(made.get(0).isAlive()).isTrue();
            assertThat(made.get(0).getName()).startsWith("own");
            assertThat(plugin.get() == null).as("the plugin's loader is gone").isTrue();
        } finally {
            end.countDown();
            for (Thread each : made) {
                each.join();
            }
        }
    }
}
