package dev.baton.runtime.server;

import com.google.inject.Provider;
import org.jspecify.annotations.Nullable;

/**
 * Something that plugins can have injected and that exists only later than they do. Set once, by the starting thread.
 *
 * @param <T> what it is
 */
final class LateBinding<T> implements Provider<T> {
    private volatile @Nullable T value;
    private volatile String absent;

    LateBinding(String name) {
        this.absent = "there is no " + name
                + " yet: it is made with the loops, after pollers, listener kinds and fd hooks; what"
                + " is made before them has a Provider of it injected, and asks that later";
    }

    /** There will never be one. */
    void never(String why) {
        absent = why;
    }

    void set(T made) {
        value = made;
    }

    @Override
    public T get() {
        T made = value;
        if (made == null) {
            throw new IllegalStateException(absent);
        }
        return made;
    }
}
