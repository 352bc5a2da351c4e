package dev.baton.runtime.launcher.reference;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The metrics of a process, from what it tells Prometheus. */
public final class MetricsReference {
    /** The format of Prometheus, version 0.0.4: {@code # HELP name text}, {@code # TYPE name kind}. */
    private static final Pattern ABOUT = Pattern.compile("# (HELP|TYPE) (\\S+) (.*)");

    private static final Pattern SAMPLE = Pattern.compile("([A-Za-z_:][A-Za-z0-9_:]*)(?:\\{(.*)})? \\S+.*");
    private static final Pattern LABEL = Pattern.compile("([A-Za-z_][A-Za-z0-9_]*)=\"(?:[^\"\\\\]|\\\\.)*\"");
    /** What of a histogram is a line of its own. */
    private static final List<String> PARTS = List.of("_bucket", "_sum", "_count");

    private static final class Metric {
        private String kind = "";
        private String help = "";
        private final Set<String> labels = new TreeSet<>();
    }

    private MetricsReference() {}

    /**
     * The page.
     *
     * @param text as {@code /metrics} answers
     */
    public static String of(String text) {
        Map<String, Metric> metrics = new TreeMap<>();
        text.lines().forEach(line -> {
            Matcher about = ABOUT.matcher(line);
            Matcher sample = SAMPLE.matcher(line);
            if (about.matches()) {
                Metric metric = metrics.computeIfAbsent(about.group(2), first -> new Metric());
                if (about.group(1).equals("TYPE")) {
                    metric.kind = about.group(3);
                } else {
                    metric.help = about.group(3).replace("\\n", " ").replace("\\\\", "\\");
                }
            } else if (sample.matches() && sample.group(2) != null) {
                labels(metrics, sample.group(1), sample.group(2));
            }
        });
        Markdown page = new Markdown("Reference: metrics")
                .paragraph("`baton reference metrics` has written this page: the metrics that the process has so far."
                        + " Others begin to exist with the first thing that they count.")
                .table("metric", "kind", "labels", "is");
        metrics.forEach((name, metric) ->
                page.row(List.of(Markdown.code(name), metric.kind, String.join(", ", metric.labels), metric.help)));
        return page.toString();
    }

    private static void labels(Map<String, Metric> metrics, String sample, String labels) {
        String name = PARTS.stream()
                .filter(part -> sample.endsWith(part) && !metrics.containsKey(sample))
                .map(part -> sample.substring(0, sample.length() - part.length()))
                .findFirst()
                .orElse(sample);
        Metric metric = metrics.get(name);
        if (metric != null) {
            LABEL.matcher(labels)
                    .results()
                    .map(label -> label.group(1))
                    // A histogram's own: the bound of a bucket.
                    .filter(label -> !(label.equals("le") && sample.endsWith("_bucket")))
                    .forEach(metric.labels::add);
        }
    }
}
