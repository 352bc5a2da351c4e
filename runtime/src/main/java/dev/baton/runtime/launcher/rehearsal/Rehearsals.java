package dev.baton.runtime.launcher.rehearsal;

import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;

/** All rehearsals, by name, with a running process. */
public final class Rehearsals {
    private static final List<Rehearsal> ALL = List.of(
            BlockedLoops.one(),
            BlockedLoops.all(),
            new LoopsComeAndGo(),
            new Lane(),
            new Reload(),
            new FailedUpgrade(),
            new Upgrade(),
            new Crash());

    private final ServedProcess process;

    /**
     * Rehearsals with a process.
     *
     * @param admin its admin API
     */
    public Rehearsals(AdminClient admin) {
        this.process = new ServedProcess(admin);
    }

    /** Their names, the gentlest first. */
    public static List<String> names() {
        return ALL.stream().map(Rehearsal::name).toList();
    }

    /** A row for each: what it does, and why it cannot be had now. */
    public JsonArray list(Wishes wishes) throws AdminException {
        JsonArray rows = new JsonArray();
        boolean chaos = process.hasChaos();
        for (Rehearsal each : ALL) {
            String obstacle = chaos ? each.obstacle(process, wishes).orElse(null) : "chaos is not enabled";
            rows.add(new JsonObject()
                    .put("name", each.name())
                    .put("does", each.does())
                    .put("obstacle", obstacle));
        }
        return rows;
    }

    /**
     * Runs one. Blocks until it is over.
     *
     * @throws AdminException if it cannot be run with this process, or the process does not answer, with the reason
     */
    public Report run(String name, Wishes wishes) throws AdminException {
        Rehearsal rehearsal = ALL.stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no rehearsal " + name));
        if (!process.hasChaos()) {
            throw new AdminException("cannot rehearse " + name + ": the process does not let itself be harmed; it does"
                    + " with `plugins: { enable: [chaos] }` in its configuration");
        }
        return new RehearsalRun(rehearsal, process, wishes).run();
    }

    /** Names of those that can be run now. */
    public List<String> possible(Wishes wishes) throws AdminException {
        List<String> names = new ArrayList<>();
        for (Object each : list(wishes)) {
            JsonObject row = (JsonObject) each;
            if (row.getString("obstacle") == null) {
                names.add(row.getString("name"));
            }
        }
        return names;
    }
}
