package dev.baton.runtime.config;

import java.util.Comparator;

/**
 * One error of a configuration file.
 *
 * @param file the file, as the user named it
 * @param position where
 * @param message what, why, and what to do
 */
public record Problem(String file, Position position, String message) implements Comparable<Problem> {

    private static final Comparator<Problem> ORDER =
            Comparator.comparing(Problem::file).thenComparing(Problem::position).thenComparing(Problem::message);

    @Override
    public int compareTo(Problem other) {
        return ORDER.compare(this, other);
    }

    /** {@code FILE:LINE:COL: message}, the form that editors and terminals turn into a link. */
    @Override
    public String toString() {
        return position.equals(Position.NOWHERE)
                ? file + ": " + message
                : file + ":" + position.line() + ":" + position.column() + ": " + message;
    }
}
