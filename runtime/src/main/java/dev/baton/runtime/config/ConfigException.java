package dev.baton.runtime.config;

import java.util.List;
import java.util.stream.Collectors;

/** A configuration that cannot be used; has every error that was found. */
public final class ConfigException extends Exception {
    private final transient List<Problem> problems;

    ConfigException(List<Problem> problems) {
        super(problems.stream().map(Problem::toString).collect(Collectors.joining(System.lineSeparator())));
        this.problems = List.copyOf(problems);
    }

    /** What is wrong, sorted by place; never empty. */
    public List<Problem> problems() {
        return problems;
    }
}
