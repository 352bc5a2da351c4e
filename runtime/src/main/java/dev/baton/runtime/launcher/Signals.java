package dev.baton.runtime.launcher;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the process does on a signal.
 *
 * <p>The JDK has no API for this but {@code sun.misc.Signal}, in the supported module {@code jdk.unsupported}, which
 * javac warns about in a way that cannot be switched off: hence reflection. (signal(2) is no way out: a handler that
 * calls into the JVM may meet it anywhere.) Where it is not there, signals keep the meaning that the JVM gives them.
 */
public final class Signals {
    private Signals() {}

    /**
     * Runs an action each time the signal comes, on a thread of the JVM's.
     *
     * @param name without SIG, for example {@code TERM}
     */
    public static void on(String name, Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object ours =
                    Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, (self, method, of) -> {
                        switch (method.getName()) {
                            case "handle" -> action.run();
                            case "hashCode" -> {
                                return System.identityHashCode(self);
                            }
                            case "equals" -> {
                                return self == of[0];
                            }
                            case "toString" -> {
                                return "on " + name;
                            }
                            default -> throw new IllegalStateException("unexpected call of " + method);
                        }
                        return null;
                    });
            Object made = signal.getConstructor(String.class).newInstance(name);
            signal.getMethod("handle", signal, handler).invoke(null, made, ours);
        } catch (InvocationTargetException e) { // a signal that the JVM keeps for itself (-Xrs)
            Log.LOG.warn("cannot handle signal {}: {}", name, String.valueOf(e.getCause()));
        } catch (ReflectiveOperationException | RuntimeException e) {
            Log.LOG.warn("cannot handle signal {}: {}", name, e.toString());
        }
    }

    /** Loaded only where it is needed: the parent of {@code baton run --keep} is to need little memory. */
    private static final class Log {
        static final Logger LOG = LoggerFactory.getLogger(Signals.class);
    }
}
