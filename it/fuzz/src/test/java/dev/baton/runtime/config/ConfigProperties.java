package dev.baton.runtime.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/**
 * A valid file is accepted, however it is written; with one thing wrong it has exactly one error, where that thing
 * stands; and a hostile file costs no more than its size.
 */
class ConfigProperties {

    /** One `key: value` of a file: a section's own line has no value. */
    private record Line(int depth, String key, String value, String wrong) {
        String text(String key, String value) {
            return "  ".repeat(depth) + key + ":" + (value.isEmpty() ? "" : " " + value);
        }
    }

    /** A valid file, and for each of its lines a value that is wrong there; empty if none surely is. */
    private record Doc(List<Line> lines) {
        String text(int changed, UnaryOperator<Line> change) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < lines.size(); i++) {
                Line line = i == changed ? change.apply(lines.get(i)) : lines.get(i);
                text.append(line.text(line.key(), line.value())).append('\n');
            }
            return text.toString();
        }

        String text() {
            return text(-1, UnaryOperator.identity());
        }
    }

    @Provide
    Arbitrary<Doc> docs() {
        Arbitrary<Consumer<List<Line>>> top = Arbitraries.<Consumer<List<Line>>>of(
                        lines -> lines.add(new Line(0, "loops", "7", "0")),
                        lines -> lines.add(new Line(0, "poller", "epoll", "select")),
                        lines -> lines.add(new Line(0, "poller", "\"poll\"", "[poll]")),
                        lines -> lines.add(new Line(0, "grace", "90s", "90")),
                        lines -> lines.add(new Line(0, "admin", "{ listen: \"127.0.0.1:9911\" }", "[1]")),
                        lines -> lines.add(new Line(0, "watch", "{ every: 5ms }", "{ every: 5 ms ms }")))
                .filter(any -> true);
        Arbitrary<List<Line>> extras = top.list().ofMaxSize(4).map(adds -> {
            List<Line> lines = new ArrayList<>();
            adds.forEach(add -> {
                List<Line> one = new ArrayList<>();
                add.accept(one);
                if (lines.stream()
                        .noneMatch(line -> line.key().equals(one.get(0).key()))) {
                    lines.addAll(one);
                }
            });
            return lines;
        });
        Arbitrary<List<Line>> service = lines(
                new Line(2, "timeout", "1h", "2h"),
                new Line(2, "header-max", "64KiB", "64Kib"),
                new Line(2, "keep-alive", "false", "no"),
                new Line(2, "share", "0.25", "1e3"),
                new Line(2, "limit", "-99999999999", "99999999999999999999"),
                new Line(2, "hosts", "[a, \"b\"]", "a"),
                new Line(2, "weights", "{ one: 1, two: 2 }", "{ one: 1, two: many }"),
                new Line(2, "retry", "{ attempts: 5, mode: very-careful }", "{ attempts: 6, mode: fast }"));
        Arbitrary<List<Line>> listener = lines(
                new Line(2, "unbind", "at-once", "never"),
                new Line(2, "backlog", "65535", "65536"),
                new Line(2, "max-connections", "1", "0"));
        Arbitrary<List<Line>> upstream = lines(
                new Line(2, "connect-timeout", "10m", "0ms"),
                new Line(2, "pool", "{ idle-max: 0, sharing: per-loop }", "{ idle-max: -1 }"));
        return Combinators.combine(extras, service, listener, upstream).as((a, b, c, d) -> {
            List<Line> lines = new ArrayList<>(List.of(new Line(0, "version", "1", "+2")));
            lines.addAll(a);
            lines.addAll(List.of(new Line(0, "services", "", ""), new Line(1, "shop", "", "")));
            lines.add(new Line(2, "type", "http-proxy", "ftp-proxy"));
            lines.add(new Line(2, "upstream", "app", "application"));
            lines.addAll(b);
            lines.addAll(List.of(new Line(0, "listeners", "", ""), new Line(1, "web", "", "")));
            lines.add(new Line(2, "bind", "\"127.0.0.1:8080\"", "\"127.0.0.1\""));
            lines.add(new Line(2, "service", "shop", "\"shop\\u0000\""));
            lines.addAll(c);
            lines.addAll(List.of(new Line(0, "upstreams", "", ""), new Line(1, "app", "", "")));
            lines.add(new Line(2, "servers", "[\"a:1\", \"[::1]:65535\", \"listener:web\"]", "[\"a:0\"]"));
            lines.addAll(d);
            return new Doc(lines);
        });
    }

    private static Arbitrary<List<Line>> lines(Line... possible) {
        return Arbitraries.subsetOf(possible).flatMap(set -> Arbitraries.shuffle(new ArrayList<>(set)));
    }

    @Property
    void aValidFileIsAccepted(@ForAll("docs") Doc doc) {
        assertThat(FuzzConfig.read(doc.text()).problems()).isEmpty();
    }

    @Property
    void aWrongValueIsTheOnlyError(@ForAll("docs") Doc doc, @ForAll int pick) {
        int at = Math.floorMod(pick, doc.lines().size());
        Line line = doc.lines().get(at);
        if (line.wrong().isEmpty()) {
            return; // a section's line: the other property
        }
        String text = doc.text(at, good -> new Line(good.depth(), good.key(), good.wrong(), ""));
        assertOneErrorIn(text, at, line.text(line.key(), "").length() + 2);
    }

    @Property
    void anUnknownKeyIsTheOnlyError(@ForAll("docs") Doc doc, @ForAll int pick) {
        int at = Math.floorMod(pick, doc.lines().size());
        Line line = doc.lines().get(at);
        if (line.depth() == 1) {
            return; // a name is free; what refers to it has the error then
        }
        String text = doc.text(-1, UnaryOperator.identity());
        String key = "  ".repeat(line.depth()) + "quxquuxcorge: 1\n";
        int from = startOf(text, at);
        assertOneErrorIn(text.substring(0, from) + key + text.substring(from), at, 2 * line.depth() + 1);
    }

    @Property
    void aDuplicateKeyIsTheOnlyError(@ForAll("docs") Doc doc, @ForAll int pick) {
        int at = Math.floorMod(pick, doc.lines().size());
        Line line = doc.lines().get(at);
        if (line.value().isEmpty()) {
            return; // its own lines stand behind it
        }
        String text = doc.text();
        int from = startOf(text, at);
        String twice = text.substring(0, from) + line.text(line.key(), line.value()) + "\n" + text.substring(from);
        assertOneErrorIn(twice, at + 1, 2 * line.depth() + 1);
    }

    private static int startOf(String text, int line) {
        int from = 0;
        for (int i = 0; i < line; i++) {
            from = text.indexOf('\n', from) + 1;
        }
        return from;
    }

    private static void assertOneErrorIn(String text, int line, int leastColumn) {
        List<Problem> problems = FuzzConfig.read(text).problems();
        assertThat(problems).as(text).hasSize(1);
        assertThat(problems.get(0).position().line())
                .as("%s\n%s", text, problems)
                .isEqualTo(line + 1);
        assertThat(problems.get(0).position().column())
                .as("%s\n%s", text, problems)
                .isGreaterThanOrEqualTo(leastColumn);
    }

    /** Each of these is below the limit of a file, and once cost its square, or the stack, or all memory. */
    @Example
    void aHostileFileCostsNoMoreThanItsSize() {
        String half = "k".repeat(500_000);
        StringBuilder children = new StringBuilder();
        StringBuilder listeners = new StringBuilder("version: 1\nlisteners:\n");
        StringBuilder services = new StringBuilder("services:\n");
        StringBuilder aliases = new StringBuilder("version: 1\na0: &a0 [x, x]\n");
        for (int i = 0; i < 20_000; i++) {
            children.append("  a").append(i).append(": [1]\n");
            listeners
                    .append("  l")
                    .append(i)
                    .append(": { bind: \"h:")
                    .append(i + 1)
                    .append("\", service: t }\n");
            services.append("  longer").append(i).append(": { type: odd, number: 1 }\n");
            aliases.append("a")
                    .append(i + 1)
                    .append(": [*a")
                    .append(i)
                    .append(", *a")
                    .append(i)
                    .append("]\n");
        }
        Map<String, String> files = Map.of(
                "a long key over many wrong ones", "version: 1\n? " + half + "\n:\n" + children,
                "many wrong names among many", listeners.substring(0, 500_000) + "\n" + services.substring(0, 500_000),
                "a long word", "version: 1\npoller: " + half,
                "aliases of aliases", aliases.toString(),
                "lists in lists", "version: 1\na: " + "[".repeat(500_000),
                "keys in keys", "version: 1\na: " + "{a: ".repeat(200_000),
                "lines in lines", "- ".repeat(500_000),
                "questions", "? ".repeat(500_000),
                "many duplicates", "version: 1\n" + "a: 1\n".repeat(200_000),
                "a number", "version: 1\nloops: " + "9".repeat(500_000));
        files.forEach((name, text) ->
                assertThat(FuzzConfig.read(text).problems()).as(name).isNotEmpty());
    }
}
