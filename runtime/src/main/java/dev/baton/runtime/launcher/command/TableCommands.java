package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The commands that show a table of a running process: each is a path of its admin API. */
final class TableCommands {
    private TableCommands() {}

    /** What they have in common. */
    @Command(mixinStandardHelpOptions = true)
    abstract static class Table implements Callable<Integer> {
        private final String path;
        private final String nothing;

        @Mixin
        private AdminOption admin = new AdminOption();

        @Option(names = "--json", description = "Prints the JSON of the admin API.")
        private boolean json;

        @Spec
        @SuppressWarnings("NullAway.Init") // by picocli
        private CommandSpec spec;

        Table(String path, String nothing) {
            this.path = path;
            this.nothing = nothing;
        }

        @Override
        public Integer call() throws AdminException {
            AdminClient client = admin.client();
            PrintWriter out = spec.commandLine().getOut();
            if (json) {
                out.println(client.get(path));
            } else {
                out.println(show(client));
            }
            return ExitCode.FINE;
        }

        String show(AdminClient client) throws AdminException {
            return Tables.of(client.table(path), nothing);
        }
    }

    @Command(name = "status", description = "Shows the process: version, state, uptime, poller, loops, fds.")
    static final class Status extends Table {
        Status() {
            super("/v1/status", "");
        }

        @Override
        String show(AdminClient client) throws AdminException {
            return Tables.of(client.object("/v1/status"));
        }
    }

    @Command(
            name = "loops",
            description = "Shows the loops: fds, turns, queued tasks, what runs now. Adds and retires loops.",
            commandListHeading = "%nCommands:%n",
            subcommands = {LoopCommands.Add.class, LoopCommands.Retire.class})
    static final class Loops extends Table {
        Loops() {
            super("/v1/loops", "no loops");
        }

        @Override
        String show(AdminClient client) throws AdminException {
            JsonArray rows = client.table("/v1/loops");
            for (Object each : rows) {
                JsonObject row = (JsonObject) each;
                JsonObject current = row.getJsonObject("current");
                if (current != null) {
                    row.put(
                            "current",
                            current.getValue("fd") + "/" + current.getValue("generation") + " ("
                                    + current.getString("plugin") + ")");
                }
            }
            return Tables.of(rows, "no loops");
        }
    }

    @Command(
            name = "fds",
            description = "Shows every fd in the table: its owner, how many threads run its code, its plugin.")
    static final class Fds extends Table {
        Fds() {
            super("/v1/fds", "no fds");
        }
    }

    @Command(name = "orphans", description = "Shows the fds that were deleted while a callback was running on them.")
    static final class Orphans extends Table {
        Orphans() {
            super("/v1/orphans", "no orphans");
        }
    }

    @Command(name = "listeners", description = "Shows the listeners: address, service, state, connections.")
    static final class Listeners extends Table {
        Listeners() {
            super("/v1/listeners", "no listeners");
        }
    }

    @Command(
            name = "pools",
            description = "Shows the pools of upstream connections: idle, in use, opened, reused, taken over.")
    static final class Pools extends Table {
        Pools() {
            super("/v1/pools", "no pools");
        }
    }

    @Command(
            name = "certificates",
            description = "Shows the certificates: names, expiry, files. Reads them again, and makes one to try with.",
            commandListHeading = "%nCommands:%n",
            subcommands = {CertificatesCommands.Reload.class, CertificatesCommands.SelfSigned.class})
    static final class Certificates extends Table {
        Certificates() {
            super("/v1/certificates", "no certificates");
        }
    }

    @Command(
            name = "upstreams",
            description = "Shows the servers of the upstreams: state, weight, health, requests in flight.")
    static final class Upstreams extends Table {
        Upstreams() {
            super("/v1/upstreams", "no upstreams");
        }

        @Override
        String show(AdminClient client) throws AdminException {
            return Tables.of(rows(client.table("/v1/upstreams")), "no upstreams");
        }

        /** A row for each server, with its upstream. */
        static JsonArray rows(JsonArray upstreams) {
            JsonArray rows = new JsonArray();
            for (Object each : upstreams) {
                JsonObject upstream = (JsonObject) each;
                for (Object server : upstream.getJsonArray("servers", new JsonArray())) {
                    JsonObject row = new JsonObject()
                            .put("upstream", upstream.getValue("name"))
                            .put("balance", upstream.getValue("balance"));
                    rows.add(row.mergeIn((JsonObject) server));
                }
            }
            return rows;
        }
    }
}
