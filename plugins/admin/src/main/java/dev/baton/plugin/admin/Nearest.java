package dev.baton.plugin.admin;

import java.util.Collection;
import java.util.Optional;

/** Finds what somebody may have meant. */
final class Nearest {
    private Nearest() {}

    /** The word with the fewest changes of a letter, if those are at most a third of it. */
    static Optional<String> to(String typed, Collection<String> words) {
        String best = null;
        int least = Integer.MAX_VALUE;
        for (String word : words) {
            int changes = changes(typed, word);
            if (changes < least && changes <= Math.max(1, word.length() / 3)) {
                least = changes;
                best = word;
            }
        }
        return Optional.ofNullable(best);
    }

    /** Levenshtein's distance, two adjacent letters in the wrong order counted as two. */
    private static int changes(String from, String to) {
        int[] above = new int[to.length() + 1];
        for (int j = 0; j <= to.length(); j++) {
            above[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            int[] row = new int[to.length() + 1];
            row[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int replaced = above[j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replaced, 1 + Math.min(above[j], row[j - 1]));
            }
            above = row;
        }
        return above[to.length()];
    }
}
