package dev.baton.runtime.config;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/**
 * Collects the errors of one file, so that all of them are told at once. What it keeps is bounded whatever the file is:
 * a file of errors only is no configuration, and a message of a megabyte is not read.
 */
final class Problems {
    private static final int PROBLEMS_MAX = 1_000;

    /** Room for a whole path and a value of reasonable length. */
    private static final int MESSAGE_CHARS_MAX = 2_000;
    /** Of those, the end: it says what to do. */
    private static final int MESSAGE_END_CHARS = 500;

    private final String file;
    private final TreeSet<Problem> all = new TreeSet<>();
    private int more;

    Problems(String file) {
        this.file = file;
    }

    void add(Position position, String message) {
        if (all.add(new Problem(file, position, oneLine(message))) && all.size() > PROBLEMS_MAX) {
            all.pollLast();
            more++;
        }
    }

    /** A message is one line, whatever the file says in quotes: no line ends, nothing that moves a cursor. */
    private static String oneLine(String message) {
        String text = message.length() <= MESSAGE_CHARS_MAX
                ? message
                : message.substring(0, MESSAGE_CHARS_MAX - MESSAGE_END_CHARS)
                        + " [...] "
                        + message.substring(message.length() - MESSAGE_END_CHARS);
        return text.codePoints().noneMatch(Problems::breaksLine)
                ? text
                : text.codePoints()
                        .map(c -> breaksLine(c) ? '?' : c)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString();
    }

    private static boolean breaksLine(int c) {
        return Character.isISOControl(c) || c == '\u2028' || c == '\u2029';
    }

    boolean isEmpty() {
        return all.isEmpty();
    }

    /** Sorted by place. */
    List<Problem> sorted() {
        if (more == 0) {
            return List.copyOf(all);
        }
        List<Problem> first = new ArrayList<>(all);
        first.add(new Problem(file, all.last().position(), "and " + more + " more errors; correct these first"));
        return List.copyOf(first);
    }
}
