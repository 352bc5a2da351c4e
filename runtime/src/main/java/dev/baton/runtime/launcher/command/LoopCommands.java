package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.admin.AdminException;
import io.vertx.core.json.JsonObject;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code baton loops add|retire ID}. */
final class LoopCommands {
    private LoopCommands() {}

    @Command(
            name = "add",
            mixinStandardHelpOptions = true,
            description = "Adds a loop, which accepts on every listener whose `loops` is `all`.")
    static final class Add implements Callable<Integer> {
        @Mixin
        private AdminOption admin = new AdminOption();

        @Spec
        @SuppressWarnings("NullAway.Init") // by picocli
        private CommandSpec spec;

        @Override
        public Integer call() throws AdminException {
            return report(admin.client().post("/v1/loops").answer(), spec);
        }
    }

    @Command(
            name = "retire",
            mixinStandardHelpOptions = true,
            description = "Ends a loop, after it has given its connections, timers and listeners to the others.")
    static final class Retire implements Callable<Integer> {
        @Parameters(paramLabel = "ID", description = "The loop's id.")
        private int id;

        @Mixin
        private AdminOption admin = new AdminOption();

        @Spec
        @SuppressWarnings("NullAway.Init") // by picocli
        private CommandSpec spec;

        @Override
        public Integer call() throws AdminException {
            if (id < 0) {
                throw new ParameterException(spec.commandLine(), "there is no loop " + id + ": ids begin at 0");
            }
            return report(admin.client().post("/v1/loops/" + id + "/retire").answer(), spec);
        }
    }

    private static int report(JsonObject result, CommandSpec spec) {
        boolean failed = "failed".equals(result.getString("outcome"));
        int loop = result.getInteger("loop", -1);
        String line = (loop < 0 ? "loop" : "loop " + loop) + " " + result.getString("outcome") + ": "
                + result.getString("detail");
        (failed ? spec.commandLine().getErr() : spec.commandLine().getOut()).println(line);
        return failed ? ExitCode.FAILED : ExitCode.FINE;
    }
}
