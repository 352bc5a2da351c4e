package dev.baton.spi.http;

/**
 * A key under which a plugin keeps something in an exchange. Two keys are the same only if they are one object, so
 * plugins do not get in each other's way; one that others may read is a public constant.
 *
 * @param <T> what is kept
 */
@SuppressWarnings("UnusedTypeParameter") // the type of what is kept under it
public final class HttpAttribute<T> {
    private final String name;

    private HttpAttribute(String name) {
        this.name = name;
    }

    /**
     * A new key.
     *
     * @param name for people
     */
    public static <T> HttpAttribute<T> named(String name) {
        return new HttpAttribute<>(name);
    }

    @Override
    public String toString() {
        return name;
    }
}
