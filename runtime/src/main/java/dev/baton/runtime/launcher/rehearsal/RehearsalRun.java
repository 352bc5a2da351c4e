package dev.baton.runtime.launcher.rehearsal;

import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** One rehearsal from its first client to its report. */
final class RehearsalRun {
    /** Until the code of the clients themselves is warm, and their connections are open. */
    private static final Duration WARM_UP = Duration.ofSeconds(1);

    private static final Duration BEYOND = Duration.ofSeconds(5);

    private final Rehearsal rehearsal;
    private final ServedProcess process;
    private final Wishes wishes;

    RehearsalRun(Rehearsal rehearsal, ServedProcess process, Wishes wishes) {
        this.rehearsal = rehearsal;
        this.process = process;
        this.wishes = wishes;
    }

    /**
     * Runs it. Blocks.
     *
     * @throws AdminException if it cannot be run with this process, with the reason
     */
    Report run() throws AdminException {
        Optional<String> obstacle = rehearsal.obstacle(process, wishes);
        if (obstacle.isPresent()) {
            throw new AdminException("cannot rehearse " + rehearsal.name() + ": " + obstacle.get());
        }
        // A client that has lost its patience would not see how long it really takes.
        Manners manners = wishes.manners().patient(maxWait().plus(BEYOND));
        try (Connections connections = new Connections(manners)) {
            List<String> leftOut = new ArrayList<>();
            Map<Endpoint, Trial> served = trials(connections, leftOut);
            Clients clients = new Clients(connections);
            served.forEach((endpoint, trial) -> clients.talkTo(endpoint, trial, wishes.clients()));
            try {
                return run(clients, served, leftOut);
            } finally {
                clients.stop();
            }
        }
    }

    private Report run(Clients clients, Map<Endpoint, Trial> served, List<String> leftOut) throws AdminException {
        Scene scene = new Scene(process, wishes, clients);
        Ledger ledger = clients.ledger();
        scene.sleep(WARM_UP);
        ledger.enter(Phase.BEFOREHAND);
        scene.sleep(wishes.around());
        checkBeforehand(ledger.seen(Phase.BEFOREHAND));
        Map<ProcessFigures.Figure, Long> figures;
        try (ProcessFigures counted = new ProcessFigures(process.admin())) {
            ledger.enter(Phase.DURING);
            try {
                rehearsal.play(scene);
            } catch (AdminException broken) { // what clients have seen of it is worth telling all the more
                scene.fail(String.valueOf(broken.getMessage()));
            }
            ledger.enter(Phase.AFTERWARDS);
            scene.sleep(wishes.around());
            clients.stop();
            figures = counted.sinceBeginning();
        }
        Map<Phase, Ledger.Seen> seen = new EnumMap<>(Phase.class);
        for (Phase each : List.of(Phase.BEFOREHAND, Phase.DURING, Phase.AFTERWARDS)) {
            seen.put(each, ledger.seen(each));
        }
        Verdict verdict = Verdict.of(
                List.of(
                        Objects.requireNonNull(seen.get(Phase.DURING)),
                        Objects.requireNonNull(seen.get(Phase.AFTERWARDS))),
                maxWait(),
                clients.count(),
                rehearsal.endsConnections(),
                scene.failures());
        return new Report(
                rehearsal.name(),
                clients.count(),
                served.keySet().stream().map(Endpoint::shown).toList(),
                leftOut,
                seen,
                scene.events(),
                figures,
                verdict);
    }

    private Duration maxWait() {
        Duration wished = wishes.maxWait();
        return wished == null ? rehearsal.maxWait() : wished;
    }

    /** Where clients fail already, a rehearsal would blame the fault for it. */
    private void checkBeforehand(Ledger.Seen seen) throws AdminException {
        if (seen.failed() > 0 || seen.closed() > 0) {
            throw new AdminException("cannot rehearse " + rehearsal.name() + ": " + seen.failed() + " of "
                    + seen.requests() + " requests failed and " + seen.closed()
                    + " connections were closed before anything was done to the process");
        }
        long longest = Math.round(seen.waitMillis(1));
        if (longest > maxWait().toMillis()) {
            throw new AdminException("cannot rehearse " + rehearsal.name() + ": a client waited for " + longest
                    + " ms before anything was done to the process, and "
                    + maxWait().toMillis()
                    + " ms is the most; --max-wait allows more");
        }
    }

    private Map<Endpoint, Trial> trials(Connections connections, List<String> leftOut) throws AdminException {
        Map<Endpoint, Trial> served = new LinkedHashMap<>();
        for (JsonObject row : rows(process, wishes)) {
            Endpoint each = Endpoint.of(row, process.admin().host());
            if (each == null) {
                leftOut.add(row.getString("name") + ": it is " + row.getString("state") + ", at "
                        + row.getString("address"));
                continue;
            }
            if (!rehearsal.counts(each, process)) {
                continue;
            }
            Trial trial = Trial.of(connections, each).join();
            trial.problem()
                    .ifPresentOrElse(
                            problem -> leftOut.add(each.shown() + ": " + problem), () -> served.put(each, trial));
        }
        if (served.isEmpty()) {
            throw new AdminException("cannot rehearse " + rehearsal.name() + ": there is no listener whose clients"
                    + " could notice anything"
                    + (leftOut.isEmpty() ? "" : "; " + String.join("; ", leftOut)));
        }
        return served;
    }

    /** The listeners that are asked for, as clients reach them. */
    static List<Endpoint> endpoints(ServedProcess process, Wishes wishes) throws AdminException {
        return rows(process, wishes).stream()
                .map(each -> Endpoint.of(each, process.admin().host()))
                .filter(Objects::nonNull)
                .map(Objects::requireNonNull)
                .toList();
    }

    private static List<JsonObject> rows(ServedProcess process, Wishes wishes) throws AdminException {
        List<JsonObject> rows = process.rows("/v1/listeners");
        List<String> names = rows.stream().map(each -> each.getString("name")).toList();
        for (String each : wishes.listeners()) {
            if (!names.contains(each)) {
                throw new AdminException(
                        "there is no listener \"" + each + "\"; there is: " + String.join(", ", names));
            }
        }
        return rows.stream()
                .filter(each ->
                        wishes.listeners().isEmpty() || wishes.listeners().contains(each.getString("name")))
                .toList();
    }
}
