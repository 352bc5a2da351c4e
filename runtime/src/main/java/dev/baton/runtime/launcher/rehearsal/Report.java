package dev.baton.runtime.launcher.rehearsal;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What came of a rehearsal. */
public final class Report {
    private static final double MEDIAN = 0.5;
    private static final double P99 = 0.99;

    private final String name;
    private final int clients;
    private final List<String> endpoints;
    private final List<String> leftOut;
    private final Map<Phase, Ledger.Seen> seen;
    private final List<String> events;
    private final Map<ProcessFigures.Figure, Long> figures;
    private final Verdict verdict;

    /**
     * A report.
     *
     * @param name of the rehearsal
     * @param clients how many clients counted
     * @param endpoints what they talked to
     * @param leftOut listeners that they did not talk to, each with the reason
     * @param seen what the clients saw
     * @param events what happened
     * @param figures what the process counted, of all its clients
     * @param verdict what to think of it
     */
    Report(
            String name,
            int clients,
            List<String> endpoints,
            List<String> leftOut,
            Map<Phase, Ledger.Seen> seen,
            List<String> events,
            Map<ProcessFigures.Figure, Long> figures,
            Verdict verdict) {
        this.name = name;
        this.clients = clients;
        this.endpoints = List.copyOf(endpoints);
        this.leftOut = List.copyOf(leftOut);
        this.seen = new EnumMap<>(seen);
        this.events = List.copyOf(events);
        this.figures = new EnumMap<>(figures);
        this.verdict = verdict;
    }

    /** How many clients counted. */
    public int clients() {
        return clients;
    }

    /** What they talked to. */
    public List<String> endpoints() {
        return endpoints;
    }

    /** Listeners that they did not talk to, each with the reason. */
    public List<String> leftOut() {
        return leftOut;
    }

    /** What happened. */
    public List<String> events() {
        return events;
    }

    /** True if clients noticed nothing that they should not. */
    public boolean passed() {
        return verdict.passed();
    }

    /** What to think of it, in a sentence. */
    public String sentence() {
        return verdict.sentence();
    }

    /** The same, for a program. */
    public JsonObject toJson() {
        JsonObject counted = new JsonObject();
        figures.forEach((figure, value) ->
                counted.put(figure.name().toLowerCase(Locale.ROOT).replace('_', '-'), value));
        return new JsonObject()
                .put("rehearsal", name)
                .put("passed", passed())
                .put("verdict", verdict.sentence())
                .put("clients", clients)
                .put("listeners", new JsonArray(endpoints))
                .put("left-out", new JsonArray(leftOut))
                .put("phases", phases())
                .put("events", new JsonArray(events))
                .put("process", counted);
    }

    /** A row for each phase. */
    public JsonArray phases() {
        JsonArray rows = new JsonArray();
        seen.forEach((phase, page) -> rows.add(new JsonObject()
                .put("phase", phase.word())
                .put("requests", page.requests())
                .put("failed", page.failed())
                .put("closed", page.closed())
                .put("p50 ms", millis(page, MEDIAN))
                .put("p99 ms", millis(page, P99))
                .put("longest ms", millis(page, 1))));
        return rows;
    }

    private static double millis(Ledger.Seen page, double share) {
        return Math.round(page.waitMillis(share) * 10) / 10.0;
    }

    /** What the process counted: of what its clients see, or of what it did. */
    public List<String> figures(boolean seenByClients) {
        return figures.entrySet().stream()
                .filter(each -> each.getKey().isSeenByClients() == seenByClients)
                .filter(each -> seenByClients || each.getValue() > 0)
                .map(each -> each.getKey().words() + " " + each.getValue())
                .toList();
    }
}
