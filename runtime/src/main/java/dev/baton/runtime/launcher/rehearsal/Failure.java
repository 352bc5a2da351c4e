package dev.baton.runtime.launcher.rehearsal;

import java.util.Locale;

/** How a request can fail, as its client sees it. */
enum Failure {
    /** No connection could be opened. */
    NOT_CONNECTED("could not connect"),
    /** The connection ended before the answer was whole. */
    UNANSWERED("lost their connection before the answer was whole"),
    /** Nothing came in time. */
    LATE("had no answer in time"),
    /** An answer came, with another status than beforehand. */
    OTHER_STATUS("were answered with another status");

    private final String words;

    Failure(String words) {
        this.words = words;
    }

    /** For a sentence: "3 requests could not connect". */
    String words() {
        return words;
    }

    /** For JSON. */
    String key() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
