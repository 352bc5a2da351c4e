package dev.baton.suites;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * A test that is not run.
 *
 * @param type the class's full name
 * @param method its name, whatever its parameters
 * @param reason why
 */
record LeftOut(String type, String method, String reason) {
    private static final List<LeftOut> ALL = read();

    /** Those of {@code left-out.txt}, in its order. */
    static List<LeftOut> all() {
        return ALL;
    }

    /** The entry of a test, if there is one. */
    static Optional<LeftOut> of(String type, String method) {
        return ALL.stream()
                .filter(each -> each.type.equals(type) && each.method.equals(method))
                .findFirst();
    }

    private static List<LeftOut> read() {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(LeftOut.class.getResourceAsStream("/left-out.txt")), StandardCharsets.UTF_8))) {
            return lines.lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .map(LeftOut::parse)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static LeftOut parse(String line) {
        int space = line.indexOf(' ');
        int hash = line.indexOf('#');
        if (hash < 0 || space < hash) {
            throw new IllegalArgumentException("left-out.txt: not CLASS#METHOD REASON: " + line);
        }
        return new LeftOut(line.substring(0, hash), line.substring(hash + 1, space), line.substring(space + 1));
    }
}
