package dev.baton.runtime.config;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.commons.text.similarity.LevenshteinDistance;

/** Finds what somebody may have meant. */
public final class Words {
    /** So many words are compared, or listed in a message: each costs time or room for each wrong word of a file. */
    private static final int COMPARED_MAX = 200;

    private static final int LISTED_MAX = 30;

    private Words() {}

    /**
     * The known word that is nearest to a wrong one, if one is near: two letters may differ, in a long word a third of
     * them.
     */
    public static Optional<String> nearest(String wrong, Collection<String> known) {
        if (known.size() > COMPARED_MAX) {
            return Optional.empty();
        }
        String word = folded(wrong);
        int limit = word.length() < 4 ? 1 : Math.max(2, word.length() / 3);
        String best = null;
        int least = limit + 1;
        for (String candidate : new TreeSet<>(known)) {
            if (Math.abs(folded(candidate).length() - word.length()) >= least) {
                continue; // so many letters differ at least
            }
            int distance = LevenshteinDistance.getDefaultInstance().apply(word, folded(candidate));
            if (distance < least) {
                least = distance;
                best = candidate;
            }
        }
        return Optional.ofNullable(best);
    }

    /**
     * The end of a message about a wrong word, with its semicolon: what was meant, or else what there is.
     *
     * @param nothing what to say if there is nothing to choose from
     */
    public static String suggestion(String wrong, Collection<String> known, String nothing) {
        return nearest(wrong, known)
                .map(word -> "; did you mean '" + word + "'?")
                .orElseGet(() -> choice(known, nothing));
    }

    /** The end of a message about a missing or wrong word, with its semicolon: what there is. */
    static String choice(Collection<String> known, String nothing) {
        if (known.size() > LISTED_MAX) {
            List<String> first = known.stream().limit(LISTED_MAX).sorted().toList();
            return "; there is: " + String.join(", ", first) + " and " + (known.size() - LISTED_MAX) + " more";
        }
        return "; " + (known.isEmpty() ? nothing : "there is: " + String.join(", ", new TreeSet<>(known)));
    }

    /** {@code idleMax} becomes {@code idle-max}. */
    static String kebab(String camel) {
        StringBuilder kebab = new StringBuilder();
        for (int i = 0; i < camel.length(); i++) {
            char c = camel.charAt(i);
            if (Character.isUpperCase(c)) {
                kebab.append('-').append(Character.toLowerCase(c));
            } else {
                kebab.append(c);
            }
        }
        return kebab.toString();
    }

    /** The same word in another style (idleMax, idle_max, Idle-Max) is no distance away. */
    private static String folded(String word) {
        return word.toLowerCase(Locale.ROOT).replace("-", "").replace("_", "");
    }
}
