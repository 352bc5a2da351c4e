package dev.baton.testkit.sim;

import java.util.ArrayList;
import java.util.List;

/** What happened, a line each: who went on, from where, and what came out. The same choices give the same lines. */
public final class Trace {
    private static final int LINES_SHOWN = 400;

    private final List<String> lines = new ArrayList<>();

    Trace() {}

    void line(String who, String what) {
        lines.add(who + " " + what);
    }

    /** Completes the last line: nothing happens between a call and its result. */
    void result(String text) {
        int last = lines.size() - 1;
        if (last >= 0) {
            lines.set(last, lines.get(last) + " = " + text);
        }
    }

    /** The lines so far. */
    public List<String> lines() {
        return List.copyOf(lines);
    }

    /** All of it, for comparing two runs. */
    public String whole() {
        return String.join("\n", lines);
    }

    /** Its end, numbered, for a person. */
    @Override
    public String toString() {
        int from = Math.max(0, lines.size() - LINES_SHOWN);
        StringBuilder text = new StringBuilder();
        if (from > 0) {
            text.append("  ... ").append(from).append(" lines before\n");
        }
        for (int i = from; i < lines.size(); i++) {
            text.append("  ").append(i + 1).append(' ').append(lines.get(i)).append('\n');
        }
        return text.toString();
    }
}
