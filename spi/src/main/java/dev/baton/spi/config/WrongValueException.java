package dev.baton.spi.config;

import java.util.List;

/**
 * Thrown by the constructor of a configuration record that refuses the value of one of its components: the error is
 * then told with that key, and with its place in the file. For what is wrong with several together an
 * IllegalArgumentException does, which is told of the section.
 */
public final class WrongValueException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    private final String component;

    /**
     * Refuses a value.
     *
     * @param component the component as the record names it, {@code idleMax} for the key {@code idle-max}; an item of a
     *     list as {@code routes[2]}
     * @param problem what is wrong, what was expected: one sentence without a full stop
     */
    public WrongValueException(String component, String problem) {
        super(problem);
        this.component = component;
    }

    /**
     * Throws the first of these, if there is one, with the others as {@link #getSuppressed}: each is told with its own
     * place.
     */
    public static void throwAll(List<WrongValueException> wrong) {
        if (!wrong.isEmpty()) {
            WrongValueException first = wrong.get(0);
            wrong.subList(1, wrong.size()).forEach(first::addSuppressed);
            throw first;
        }
    }

    /** The component, as the record names it. */
    public String component() {
        return component;
    }
}
