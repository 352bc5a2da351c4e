package dev.baton.bench;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * One line for each thing that is measured beside a peer: Baton's figure divided by the peer's, the goal, and when it
 * was measured. Less is better in all of them. What is worse than the peer stands first, then what misses its goal.
 */
final class Summary {
    static final String TITLE = "Summary";
    static final String PICTURE = "results.svg";

    private static final String PROXY = "CPU time a request, HTTP proxy";
    private static final String CLOSE = "A connection for each request";
    private static final String LOGGED = "CPU time a request with a request id";
    private static final String HTTP2 = "CPU time a request over HTTP/2";
    private static final String TLS = "CPU time a request over TLS";
    private static final String TLS_MEMORY = "Memory of an idle TLS connection";
    private static final String MEMORY = "Memory of an idle connection";
    private static final String LATENCY = "Response times at";
    private static final String BLOCKED = "One of 4 loops blocked";
    private static final String MOVES = "Live connections in an upgrade";
    private static final String SKEW = "Busy connections";
    private static final String BULK = "Bulk streams";

    /** What is compared. */
    private record Measure(String name, String peer, String part, double goal, ToDoubleFunction<Results> ratio) {}

    private static final List<Measure> MEASURES = List.of(
            haproxy("CPU a request, kept connections", PROXY, "ratio", 0.85),
            nginx("CPU a request, kept connections", PROXY, "ratio", 0.93),
            haproxy("CPU a request, a connection each", CLOSE, "ratio", 0.92),
            nginx("CPU a request, a connection each", CLOSE, "ratio", 0.95),
            haproxy("CPU a request, with an access log", LOGGED, "ratio", 1),
            haproxy("CPU a request, HTTP/2", HTTP2, "ratio", 1),
            nginx("CPU a request, HTTP/2", HTTP2, "ratio", 1),
            quotient("CPU a request, TLS, kept connections", "HAProxy", TLS, "keep-alive", "haproxy", 1),
            quotient("CPU a request, TLS, HTTP/2", "HAProxy", TLS, "HTTP/2", "haproxy", 1),
            quotient("CPU a full TLS handshake", "HAProxy", TLS, "with a full", "haproxy", 1),
            quotient("CPU a resumed TLS handshake", "HAProxy", TLS, "with a resumed", "haproxy", 1),
            quotient("memory of an idle TLS connection", "HAProxy", TLS_MEMORY, "native", "haproxy", 1),
            haproxy("resident memory of an idle connection", MEMORY, "ratio", 1.6),
            quotient("p99 at a steady rate", "HAProxy", LATENCY, "p99", "haproxy", 1),
            quotient("p99 at a steady rate", "nginx", LATENCY, "p99", "nginx", 1),
            new Measure(
                    "p99.9 while a loop is blocked",
                    "plain Netty",
                    BLOCKED,
                    0.05,
                    results -> results.number(BLOCKED, "Baton", "p99.9")
                            / results.number(BLOCKED, "plain Netty", "p99.9")),
            new Measure(
                    "kept connections closed by an upgrade",
                    "HAProxy",
                    MOVES,
                    0,
                    results -> sum(results.numbers(MOVES, "Baton", "kept"))
                            / sum(results.numbers(MOVES, "HAProxy", "kept"))),
            new Measure(
                    "time for the work of a skewed load",
                    "the best of HAProxy, nginx and Netty",
                    SKEW,
                    1 / 1.7,
                    results -> 1 / results.number(SKEW, "baton", "ratio")),
            haproxy("CPU a GiB of a bulk stream, splice", BULK, "ratio", 1));

    private record Row(Measure measure, double ratio, String date) {
        boolean isWorse() {
            return ratio > 1;
        }

        boolean missesGoal() {
            return ratio > measure.goal() + 1e-9;
        }
    }

    private final List<Row> rows;

    private Summary(List<Row> rows) {
        this.rows = rows;
    }

    /** Of what was measured; the rest is left out. */
    static Summary of(Results results) {
        List<Row> rows = new ArrayList<>();
        for (Measure each : MEASURES) {
            double ratio = each.ratio().applyAsDouble(results);
            if (!Double.isNaN(ratio)) {
                rows.add(new Row(each, ratio, results.date(each.part())));
            }
        }
        rows.sort(Comparator.comparing(Row::isWorse)
                .thenComparing(Row::missesGoal)
                .thenComparingDouble(Row::ratio)
                .reversed());
        return new Summary(rows);
    }

    private static Measure haproxy(String name, String part, String column, double goal) {
        return new Measure(name, "HAProxy", part, goal, results -> results.number(part, "baton", column));
    }

    /** Both have a ratio to HAProxy. */
    private static Measure nginx(String name, String part, String column, double goal) {
        return quotient(name, "nginx", part, column, "nginx", goal);
    }

    private static Measure quotient(String name, String peer, String part, String column, String row, double goal) {
        return new Measure(
                name,
                peer,
                part,
                goal,
                results -> results.number(part, "baton", column) / results.number(part, row, column));
    }

    private static double sum(List<Double> numbers) {
        return numbers.isEmpty()
                ? Double.NaN
                : numbers.stream().mapToDouble(each -> each).sum();
    }

    // ---- as text ----------------------------------------------------------------------------------------------------

    List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add("## " + TITLE);
        lines.add("");
        lines.add(
                "Baton's figure divided by the peer's: below 1 Baton is better. What is worse than the peer stands first, then"
                        + " what misses its goal.");
        lines.add("");
        lines.add("![The ratios as bars](" + PICTURE + ")");
        lines.add("");
        lines.add("| measure | peer | ratio | goal | measured on |");
        lines.add("|---|---|---|---|---|");
        for (Row row : rows) {
            String ratio = text(row.ratio());
            lines.add("| " + row.measure().name() + " | " + row.measure().peer() + " | "
                    + (row.isWorse() ? "**" + ratio + "**" : ratio) + " | "
                    + text(row.measure().goal())
                    + (row.missesGoal() ? ", missed" : "") + " | " + row.date() + " |");
        }
        lines.add("");
        return lines;
    }

    private static String text(double ratio) {
        return String.format(Locale.ROOT, ratio < 0.1 ? "%.3f" : "%.2f", ratio);
    }

    // ---- as a picture -----------------------------------------------------------------------------------------------

    private static final int LEFT = 400;
    private static final int UNIT = 300;
    private static final int ROW = 26;
    private static final int TOP = 44;

    /** Bars, in SVG; the line is the peer, a mark the goal. Light or dark, as the reader's system is. */
    String picture() {
        int height = TOP + rows.size() * ROW + 12;
        StringBuilder svg = new StringBuilder();
        svg.append(String.format(Locale.ROOT, """
                <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 820 %d" role="img" aria-label="Baton's figures divided by its peers': below 1 Baton is better">
                <style>
                text { font: 13px system-ui, sans-serif; fill: #1f2328; } .peer { fill: #59636e; } .axis { stroke: #59636e; }
                .better { fill: #1a7f64; } .worse { fill: #bc4c00; } .goal { stroke: #1f2328; stroke-width: 2; }
                @media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .peer { fill: #9198a1; } .axis { stroke: #9198a1; }
                .better { fill: #3fb68b; } .worse { fill: #f0883e; } .goal { stroke: #e6edf3; } }
                </style>
                """, height));
        svg.append(String.format(
                Locale.ROOT,
                "<text class=\"peer\" x=\"%d\" y=\"18\" text-anchor=\"middle\">the peer</text>%n"
                        + "<line class=\"axis\" x1=\"%d\" y1=\"26\" x2=\"%d\" y2=\"%d\"/>%n",
                LEFT + UNIT,
                LEFT + UNIT,
                LEFT + UNIT,
                height - 8));
        for (int i = 0; i < rows.size(); i++) {
            bar(svg, rows.get(i), TOP + i * ROW);
        }
        return svg.append("</svg>\n").toString();
    }

    private static void bar(StringBuilder svg, Row row, int y) {
        int width = Math.max(2, (int) Math.round(Math.min(row.ratio(), 1.3) * UNIT));
        int goal = LEFT + (int) Math.round(row.measure().goal() * UNIT);
        svg.append(String.format(
                Locale.ROOT,
                "<text x=\"8\" y=\"%d\">%s <tspan class=\"peer\">/ %s</tspan></text>%n"
                        + "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"14\"/>%n"
                        + "<line class=\"goal\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>%n"
                        + "<text x=\"%d\" y=\"%d\">%s</text>%n",
                y + 12,
                row.measure().name(),
                row.measure().peer(),
                row.isWorse() ? "worse" : "better",
                LEFT,
                y,
                width,
                goal,
                y - 3,
                goal,
                y + 17,
                LEFT + Math.max(width, UNIT) + 8,
                y + 12,
                text(row.ratio())));
    }
}
