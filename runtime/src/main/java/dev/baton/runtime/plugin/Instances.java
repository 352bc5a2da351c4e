package dev.baton.runtime.plugin;

import com.google.inject.Binder;
import com.google.inject.Injector;
import com.google.inject.Singleton;
import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The one instance of each class that a plugin contributes, made when it is first asked for. Guice makes them, with an
 * injector that is made for the first. A class that wants nothing injected is made without: an injector takes some
 * milliseconds of a start, and many plugins need none. Any thread.
 */
final class Instances {
    private final String plugin;
    private final Set<Class<?>> types;
    private final Map<Class<?>, Object> plain = new HashMap<>();
    /** Makes the injector; set before an instance is asked for. */
    private @Nullable Supplier<Injector> maker;

    private @Nullable Injector injector;

    /** Nothing is made yet. */
    Instances(String plugin, Set<Class<?>> types) {
        this.plugin = plugin;
        this.types = new LinkedHashSet<>(types);
    }

    /** @param injectors makes the injector, with {@link #bind} among its bindings */
    synchronized void by(Supplier<Injector> injectors) {
        maker = injectors;
    }

    /** Binds the classes that are contributed. */
    void bind(Binder anonymous) {
        Binder binder = anonymous.withSource(plugin);
        types.forEach(type -> bind(binder, type));
    }

    private <T> void bind(Binder binder, Class<T> type) {
        if (isPlain(type)) {
            binder.bind(type).toProvider(() -> plain(type)); // to others of the plugin
        } else {
            binder.bind(type).in(Singleton.class);
        }
    }

    private synchronized Injector injector() {
        Injector made = injector;
        if (made == null) {
            made = Objects.requireNonNull(maker).get();
            injector = made;
            maker = null;
        }
        return made;
    }

    /** The instance of a class that is contributed. */
    synchronized <T> T of(Class<T> type) {
        return isPlain(type) ? plain(type) : injector().getInstance(type);
    }

    // ---- without an injector ----------------------------------------------------------------------------------------

    private synchronized <T> T plain(Class<T> type) {
        Object there = plain.get(type);
        if (there == null) {
            there = make(type);
            plain.put(type, there);
        }
        return type.cast(there);
    }

    /** Whether all that Guice would do is to call the only constructor. */
    private static boolean isPlain(Class<?> type) {
        Constructor<?>[] constructors = type.getDeclaredConstructors();
        if (constructors.length != 1
                || constructors[0].getParameterCount() > 0
                || Modifier.isAbstract(type.getModifiers())) {
            return false;
        }
        for (Class<?> each = type; each != null && each != Object.class; each = each.getSuperclass()) {
            if (wantsSomething(each.getDeclaredFields()) || wantsSomething(each.getDeclaredMethods())) {
                return false;
            }
        }
        return true;
    }

    private static boolean wantsSomething(AccessibleObject... members) {
        for (AccessibleObject each : members) {
            if (each.isAnnotationPresent(com.google.inject.Inject.class)
                    || each.isAnnotationPresent(jakarta.inject.Inject.class)) {
                return true;
            }
        }
        return false;
    }

    private static <T> T make(Class<T> type) {
        try {
            Constructor<T> constructor = type.getDeclaredConstructor();
            constructor.setAccessible(true);
            return constructor.newInstance();
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException thrown) {
                throw thrown;
            } else if (e.getCause() instanceof Error thrown) {
                throw thrown;
            }
            throw new IllegalStateException(type.getName() + " cannot be made: " + e.getCause(), e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type.getName() + " cannot be made: " + e, e);
        }
    }
}
