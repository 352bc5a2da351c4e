package dev.baton.runtime.config;

import java.util.List;
import java.util.TreeSet;

/** Collects the errors of one file, so that all of them are told at once. */
final class Problems {
    private final String file;
    private final TreeSet<Problem> all = new TreeSet<>();

    Problems(String file) {
        this.file = file;
    }

    void add(Position position, String message) {
        all.add(new Problem(file, position, message));
    }

    boolean isEmpty() {
        return all.isEmpty();
    }

    /** Sorted by place. */
    List<Problem> sorted() {
        return List.copyOf(all);
    }
}
