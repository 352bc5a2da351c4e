package dev.baton.plugin.acme;

import java.time.DateTimeException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What is kept of failed orders, so that a process that starts waits as long as the one before: authorities bar those
 * who fail too often.
 *
 * @param names what was ordered, separated by spaces: another order need not wait
 * @param until when the next attempt is due
 * @param failures how many there have been in a row, at least 1
 * @param problem why the last one has failed, one line
 */
record Delay(String names, Instant until, int failures, String problem) {
    private static final int LINES = 4;

    /** The text of its file. */
    String write() {
        return names + "\n" + until + "\n" + failures + "\n" + problem + "\n";
    }

    /** Reads the text of its file; null if it is not whole. */
    static @Nullable Delay read(String text) {
        String[] lines = text.split("\n", -1);
        if (lines.length <= LINES) {
            return null;
        }
        try {
            int failures = Integer.parseInt(lines[2]);
            return failures < 1 ? null : new Delay(lines[0], Instant.parse(lines[1]), failures, lines[3]);
        } catch (DateTimeException | NumberFormatException damaged) {
            return null;
        }
    }
}
