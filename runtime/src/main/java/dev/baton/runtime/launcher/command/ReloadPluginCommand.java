package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.PrintWriter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code baton plugin reload ID}: has a running process replace a plugin by another version. */
@Command(
        name = "reload",
        mixinStandardHelpOptions = true,
        description = {
            "Has a running process load a plugin anew, from the folder that it was loaded from.",
            "",
            "The process goes on serving: what the new version contributes takes the place of what is in use,",
            "and what is under way ends with the version with which it began. The configuration stays the one",
            "that the process has read. If the new version is wrong, the process continues with what it has,",
            "and the exit code is 78. Some things, such as pollers and open listening sockets, cannot be",
            "replaced: the command says so, and changes nothing. Use `baton upgrade` then."
        })
final class ReloadPluginCommand implements Callable<Integer> {
    @Parameters(paramLabel = "ID", description = "The plugin's id.")
    private String id = "";

    @Mixin
    private AdminOption admin = new AdminOption();

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public Integer call() throws AdminException {
        JsonObject report = admin.client()
                .post("/v1/plugins/" + URLEncoder.encode(id, StandardCharsets.UTF_8) + "/reload")
                .answer();
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        String detail = report.getString("detail", "");
        switch (report.getString("outcome", "")) {
            case "reloaded" -> {
                out.println("reloaded " + id + ": " + detail);
                String users = report.getJsonArray("users", new JsonArray()).stream()
                        .map(String::valueOf)
                        .collect(Collectors.joining(", "));
                if (!users.isEmpty()) {
                    out.println("the version before still serves " + users + ", until they end");
                }
                return ExitCode.FINE;
            }
            case "wrong" -> {
                err.println(id + " is not reloaded: " + detail);
                return ExitCode.CONFIG;
            }
            default -> {
                err.println(id + " is not reloaded: " + detail);
                return ExitCode.FAILED;
            }
        }
    }
}
