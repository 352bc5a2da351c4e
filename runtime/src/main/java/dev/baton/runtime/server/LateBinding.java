package dev.baton.runtime.server;

import com.google.inject.Provider;
import org.jspecify.annotations.Nullable;

/**
 * Something that plugins can have injected and that exists only later than they do. Set once, by the starting thread.
 *
 * @param <T> what it is
 */
final class LateBinding<T> implements Provider<T> {
    private final String name;
    private volatile @Nullable T value;

    LateBinding(String name) {
        this.name = name;
    }

    void set(T made) {
        value = made;
    }

    @Override
    public T get() {
        T made = value;
        if (made == null) {
            throw new IllegalStateException(name + " does not exist yet: pollers, listener kinds, fd hooks and whatever"
                    + " else is made before the loops must not have it injected");
        }
        return made;
    }
}
