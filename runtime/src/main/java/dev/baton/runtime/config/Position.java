package dev.baton.runtime.config;

import java.util.Comparator;

/**
 * A place in a file, as editors count.
 *
 * @param line from 1; 0 in {@link #NOWHERE}
 * @param column from 1, in characters
 */
public record Position(int line, int column) implements Comparable<Position> {

    private static final Comparator<Position> ORDER =
            Comparator.comparingInt(Position::line).thenComparingInt(Position::column);

    /** Of what a program has made: it is in no file. */
    public static final Position NOWHERE = new Position(0, 0);

    /** Where a file begins. */
    public static final Position START = new Position(1, 1);

    @Override
    public int compareTo(Position other) {
        return ORDER.compare(this, other);
    }
}
