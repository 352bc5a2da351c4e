package dev.baton.runtime.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.util.concurrent.FastThreadLocal;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** J6: what a plugin's code leaves with a loop's thread keeps its class loader. */
class ThreadVariablesTest {
    private static final FastThreadLocal<Object> SHARED = new FastThreadLocal<>();
    private static final FastThreadLocal<String> OTHER = new FastThreadLocal<>();

    /** The plugin's. */
    static final class Variable extends FastThreadLocal<String> {
        @Override
        protected String initialValue() {
            return "of the plugin";
        }
    }

    static final class Handler extends SimpleChannelInboundHandler<String> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, String message) {}
    }

    /** Loads classes of its own, as that of a plugin does. */
    private static final class Loader extends ClassLoader {
        Loader() {
            super(ThreadVariablesTest.class.getClassLoader());
        }

        Object make(Class<?> like) throws Exception {
            String file = like.getName().replace('.', '/') + ".class";
            try (InputStream in = like.getClassLoader().getResourceAsStream(file)) {
                byte[] bytes = in.readAllBytes();
                var made = defineClass(like.getName(), bytes, 0, bytes.length).getDeclaredConstructor();
                made.setAccessible(true);
                return made.newInstance();
            }
        }
    }

    /** In a method of its own: nothing of it stays on the stack. */
    private static WeakReference<ClassLoader> leaveThings(boolean forget) throws Exception {
        Loader loader = new Loader();
        FastThreadLocal<?> variable = (FastThreadLocal<?>) loader.make(Variable.class);
        assertThat(variable.get()).isEqualTo("of the plugin");
        SHARED.set(loader.make(Handler.class)); // which Netty has matched to its type by now
        if (forget) {
            ThreadVariables.forget(loader);
            assertThat(variable.isSet()).isFalse();
        }
        return new WeakReference<>(loader);
    }

    private static void forget(WeakReference<ClassLoader> loader) {
        ThreadVariables.forget(Objects.requireNonNull(loader.get()));
    }

    private static boolean isGone(WeakReference<ClassLoader> loader) {
        for (int i = 0; i < 20 && loader.get() != null; i++) {
            System.gc();
        }
        return loader.get() == null;
    }

    @Test
    void shouldKeepNothingOfAPluginsCodeAndAllOfOthers() throws Exception {
        OTHER.set("of the runtime");
        WeakReference<ClassLoader> kept = leaveThings(false);
        assertThat(isGone(kept)).as("without it").isFalse();
        WeakReference<ClassLoader> forgotten = leaveThings(true);
        assertThat(isGone(forgotten)).isTrue();
        assertThat(OTHER.get()).isEqualTo("of the runtime");
        forget(kept);
        assertThat(isGone(kept)).isTrue();
    }
}
