package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code baton listener add NAME}: its options are the keys of a listener in the configuration. */
@Command(
        name = "add",
        mixinStandardHelpOptions = true,
        description = {
            "Adds a listener that accepts at once. An upgrade takes it along; a stop ends it.",
            "The options are the keys of a listener in the configuration."
        })
@SuppressWarnings("UnusedVariable") // picocli writes the options, and they are read through it
final class AddListenerCommand implements Callable<Integer> {
    private static final String ALL_LOOPS = "all";

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Mixin
    private final AdminOption admin = new AdminOption();

    @Parameters(paramLabel = "NAME", description = "The listener's name.")
    @SuppressWarnings("NullAway.Init") // by picocli
    private String name;

    @Option(
            names = "--bind",
            required = true,
            paramLabel = "ADDRESS",
            description = "The address: 127.0.0.1:8080, [::1]:8080, *:8080, unix:/run/shop.sock, unix:@shop.")
    private @Nullable String bind;

    @Option(names = "--service", required = true, description = "The service that speaks on its connections.")
    private @Nullable String service;

    @Option(names = "--unbind", description = "How it is unbound: drain, drain-backlog or at-once.")
    private @Nullable String unbind;

    @Option(names = "--backlog", description = "How many connections the kernel keeps until they are accepted.")
    private @Nullable Integer backlog;

    @Option(names = "--max-connections", description = "How many may be open at once.")
    private @Nullable Integer maxConnections;

    @Option(names = "--accept-rate", description = "How many it accepts on average, for example 500/s.")
    private @Nullable String acceptRate;

    @Option(names = "--accepts-per-turn", description = "How many a loop accepts in one turn.")
    private @Nullable Integer acceptsPerTurn;

    @Option(names = "--sockets", description = "shared, or per-loop: a socket for each loop (SO_REUSEPORT).")
    private @Nullable String sockets;

    @Option(names = "--loops", split = ",", description = "The loops that accept: all, or ids such as 0,2.")
    private @Nullable List<String> loops;

    @Option(names = "--balance", description = "Which loop gets a connection: any, or least-loaded.")
    private @Nullable String balance;

    @Option(names = "--mode", description = "Permissions of a unix socket's file, for example 0660.")
    private @Nullable String mode;

    @Option(names = "--user", description = "Owner of a unix socket's file.")
    private @Nullable String user;

    @Option(names = "--group", description = "Group of a unix socket's file.")
    private @Nullable String group;

    @Override
    public Integer call() throws AdminException {
        JsonObject body = new JsonObject().put("name", name);
        for (OptionSpec option : spec.options()) {
            Object value = option.getValue();
            String key = option.longestName().substring(2);
            if (option.userObject() instanceof java.lang.reflect.Field field
                    && field.getDeclaringClass() == AddListenerCommand.class
                    && value != null) {
                body.put(key, key.equals("loops") ? loops(value) : value);
            }
        }
        return ListenerCommand.report(admin.client().post("/v1/listeners", body).answer(), spec);
    }

    /** Numbers where they are; what is none the other side explains. */
    private static Object loops(Object value) {
        List<?> words = (List<?>) value;
        if (words.equals(List.of(ALL_LOOPS))) {
            return ALL_LOOPS;
        }
        JsonArray ids = new JsonArray();
        for (Object word : words) {
            String text = String.valueOf(word);
            ids.add(text.matches("\\d{1,9}") ? (Object) Integer.valueOf(text) : text);
        }
        return ids;
    }
}
