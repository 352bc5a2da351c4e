package dev.baton.runtime.retired;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.lang.ref.SoftReference;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Class loaders that are held in different ways, found in one dump of this process's heap. */
@SuppressWarnings("UnusedVariable") // fields are read in the dump
class HeapDumpTest {
    private static final int STATIC_FIELD = 1;
    private static final int THREAD = 2;
    private static final int ARRAY = 3;
    private static final int CLASS_ONLY = 4;
    private static final int WEAKLY = 5;
    private static final int ITS_OWN_FIELD = 6;
    private static final int UNKNOWN = 7;
    private static final int SOFTLY = 8;
    private static final int FRAME = 9;

    private static @Nullable Object planted;
    private static final Object[] LIST = new Object[3];
    private static final List<Object> WEAK = new ArrayList<>();
    private static final List<Object> SOFT = new ArrayList<>();
    private static @Nullable Class<?> type;

    private final CountDownLatch over = new CountDownLatch(1);

    /** What a plugin has. */
    static final class Thing {
        static final Thing OWN = new Thing();
    }

    private static final class Loader extends ClassLoader {
        final int number;

        Loader(int number) {
            super(HeapDumpTest.class.getClassLoader());
            this.number = number;
        }

        Class<?> thing() throws Exception {
            String name = Thing.class.getName();
            try (InputStream in = Thing.class.getResourceAsStream("HeapDumpTest$Thing.class")) {
                byte[] bytes = in.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            }
        }
    }

    private static Object thing(int number) throws Exception {
        var constructor = new Loader(number).thing().getDeclaredConstructor();
        constructor.setAccessible(true);
        return constructor.newInstance();
    }

    /** Has a field of its own. */
    private static final class Pump extends Thread {
        private final CountDownLatch over;
        private final Object held;

        Pump(CountDownLatch over, Object held) {
            super("heap-dump-pump");
            this.over = over;
            this.held = held;
            setDaemon(true);
        }

        @Override
        public void run() {
            try {
                over.await();
            } catch (InterruptedException e) {
                throw new AssertionError("interrupted with " + held, e);
            }
        }
    }

    /** In a method of its own: nothing of it stays on the stack. */
    private void plant() throws Exception {
        planted = thing(STATIC_FIELD);
        new Pump(over, thing(THREAD)).start();
        LIST[1] = thing(ARRAY);
        type = new Loader(CLASS_ONLY).thing();
        WEAK.add(new WeakReference<>(thing(WEAKLY)));
        WEAK.add(new WeakReference<>(thing(ITS_OWN_FIELD)));
        SOFT.add(new SoftReference<>(thing(SOFTLY)));
        CountDownLatch begun = new CountDownLatch(1);
        Thread frame = new Thread(() -> holdInAFrame(begun));
        frame.setDaemon(true);
        frame.start();
        begun.await();
    }

    /** Nothing but a local variable has it. */
    private void holdInAFrame(CountDownLatch begun) {
        Loader held = new Loader(FRAME);
        begun.countDown();
        try {
            over.await();
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted with " + held.number, e);
        }
        assertThat(held.number).isEqualTo(FRAME);
    }

    @AfterEach
    void end() {
        over.countDown();
        planted = null;
        type = null;
        LIST[1] = null;
        WEAK.clear();
        SOFT.clear();
    }

    @Test
    void shouldNameTheRootsThatHoldAClassLoader() throws Exception {
        plant();
        String here = HeapDumpTest.class.getName();
        List<List<String>> holders = HeapDump.holders(
                Loader.class.getName(),
                "number",
                List.of(STATIC_FIELD, THREAD, ARRAY, CLASS_ONLY, WEAKLY, ITS_OWN_FIELD, UNKNOWN, SOFTLY, FRAME));
        assertThat(holders).hasSize(9);
        assertThat(holders.get(0)).singleElement().asString().contains("static field " + here + ".planted", "$Thing");
        assertThat(holders.get(1)).singleElement().asString().contains("thread heap-dump-pump", "held (" + here);
        assertThat(holders.get(2)).singleElement().asString().contains("static field " + here + ".LIST", "[1]");
        assertThat(holders.get(3)).singleElement().asString().contains("static field " + here + ".type", "class ");
        assertThat(holders.get(4)).as("weak references hold nothing").isEmpty();
        assertThat(holders.get(5))
                .as("a static field of its own class holds nothing")
                .isEmpty();
        assertThat(holders.get(6)).as("there is none").isEmpty();
        assertThat(holders.get(7))
                .singleElement()
                .asString()
                .startsWith("only until memory is short: static field " + here + ".SOFT")
                .contains("java.lang.ref.SoftReference");
        assertThat(holders.get(8)).as("a root itself").contains("a local variable on a thread's stack");
    }
}
