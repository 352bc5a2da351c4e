package dev.baton.testkit.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A schedule written down; the grammar stands in the package's documentation. */
final class Script {
    /** The point that means: until it has nothing to do. */
    static final String END = "end";

    private static final Pattern STEP = Pattern.compile("([A-Za-z]\\w*)@([\\w.]+(?:\\([^)\\s]*\\))?)(?:\\*(\\d+))?");
    private static final Pattern PAUSE = Pattern.compile("\\+(\\d+)ms");
    private static final long NANOS_PER_MILLI = 1_000_000;

    private final String text;
    private final List<Step> steps = new ArrayList<>();
    private int at;
    /** How often the step's thread must still arrive. */
    private int left;

    /**
     * One step.
     *
     * @param text as it was written
     * @param thread the thread that runs; empty for a pause
     * @param point until where
     * @param times how many arrivals
     * @param pauseNanos how far the clock moves, for a pause
     */
    record Step(String text, String thread, String point, int times, long pauseNanos) {
        boolean isPause() {
            return thread.isEmpty();
        }

        boolean isEnd() {
            return point.equals(END);
        }
    }

    Script(String text) {
        this.text = text;
        for (String word : text.trim().split("\\s+", -1)) {
            steps.add(parse(word));
        }
        left = steps.get(0).times();
    }

    private Step parse(String word) {
        Matcher pause = PAUSE.matcher(word);
        if (pause.matches()) {
            return new Step(word, "", "", 1, Long.parseLong(pause.group(1)) * NANOS_PER_MILLI);
        }
        Matcher step = STEP.matcher(word);
        if (!step.matches()) {
            throw new IllegalArgumentException("script '" + text + "': '" + word
                    + "' is neither THREAD@POINT, THREAD@POINT(ARGUMENT), THREAD@POINT*COUNT, nor +MILLISms");
        }
        int times = step.group(3) == null ? 1 : Integer.parseInt(step.group(3));
        if (times < 1) {
            throw new IllegalArgumentException("script '" + text + "': '" + word + "' must be done at least once");
        }
        return new Step(word, step.group(1), step.group(2), times, 0);
    }

    boolean isDone() {
        return at == steps.size();
    }

    Step step() {
        return steps.get(at);
    }

    void next() {
        at++;
        if (!isDone()) {
            left = step().times();
        }
    }

    /** The step's thread has come to its point; true if that was often enough. */
    boolean arrived() {
        return --left == 0;
    }

    String doesNotFit(String why) {
        return "the script does not fit: step " + (at + 1) + " '" + step().text() + "' of '" + text + "': " + why;
    }
}
