package dev.baton.runtime.launcher.command;

import dev.baton.runtime.config.Words;
import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonObject;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code baton upstream NAME add|remove|drain|ready|maintenance|weight SERVER [N]}. */
@Command(
        name = "upstream",
        mixinStandardHelpOptions = true,
        description = "Changes the servers of an upstream of a running process, and prints the result.",
        footerHeading = "%nActions:%n",
        footer = {
            "  add SERVER [N]     adds a server, of weight N (1 if not given)",
            "  remove SERVER      takes it out of the list; requests in flight are finished",
            "  drain SERVER       no new requests, except of sticky sessions; requests in flight are finished",
            "  maintenance SERVER nothing connects to it; requests in flight are finished",
            "  ready SERVER       it gets requests again",
            "  weight SERVER N    its share of the requests, 0 to 256; with 0 it gets no new ones"
        })
final class UpstreamCommand implements Callable<Integer> {
    private static final String ADD = "add";
    private static final String WEIGHT = "weight";
    private static final List<String> ACTIONS = List.of(ADD, "remove", "drain", "ready", "maintenance", WEIGHT);

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Mixin
    private final AdminOption admin = new AdminOption();

    @Parameters(index = "0", paramLabel = "NAME", description = "The upstream's name.")
    @SuppressWarnings("NullAway.Init") // by picocli
    private String name;

    @Parameters(index = "1", paramLabel = "ACTION", description = "add, remove, drain, ready, maintenance or weight.")
    @SuppressWarnings("NullAway.Init") // by picocli
    private String action;

    @Parameters(
            index = "2",
            paramLabel = "SERVER",
            description = "The server: host:port, [ipv6]:port or listener:NAME.")
    @SuppressWarnings("NullAway.Init") // by picocli
    private String server;

    @Parameters(index = "3", arity = "0..1", paramLabel = "N", description = "The weight, 0 to 256.")
    private @Nullable Integer weight;

    @Override
    public Integer call() throws AdminException {
        if (!ACTIONS.contains(action)) {
            throw wrong("there is no action '" + action + "'" + Words.suggestion(action, ACTIONS, ""));
        } else if (action.equals(WEIGHT) && weight == null) {
            throw wrong("Missing required parameter: N, the weight");
        } else if (weight != null && !action.equals(WEIGHT) && !action.equals(ADD)) {
            throw wrong(action + " takes no weight");
        }
        String query = "?server=" + encoded(server) + (weight == null ? "" : "&weight=" + weight);
        JsonObject result = admin.client()
                .post("/v1/upstreams/" + encoded(name) + "/servers/" + action + query)
                .answer();
        boolean failed = "failed".equals(result.getString("outcome"));
        String line = result.getString("upstream") + " " + result.getString("server") + " "
                + result.getString("outcome") + ": " + result.getString("detail");
        (failed ? spec.commandLine().getErr() : spec.commandLine().getOut()).println(line);
        return failed ? ExitCode.FAILED : ExitCode.FINE;
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
