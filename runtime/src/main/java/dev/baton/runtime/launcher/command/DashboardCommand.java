package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code baton dashboard}. */
@Command(
        name = "dashboard",
        mixinStandardHelpOptions = true,
        description = {
            "Prints the address of a running process's dashboard, for a browser.",
            "If the process asks for tokens, the address has one that is good once, within a minute,",
            "and the browser may then do for 8 hours what the token of this command may."
        })
final class DashboardCommand implements Callable<Integer> {
    @Mixin
    private AdminOption admin = new AdminOption();

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    @Override
    public Integer call() throws AdminException {
        AdminClient client = admin.client();
        String token = client.post("/v1/sessions").answer().getString("token");
        PrintWriter out = spec.commandLine().getOut();
        String socket = client.socket();
        if (socket == null) {
            out.println(page(client.address(), token));
        } else {
            out.println(
                    "the admin address is a unix socket, which no browser opens; forward a port of the browser's machine to it:");
            out.println("  ssh -N -L 9901:" + socket + " " + "USER@HOST");
            out.println("then open " + page("localhost:9901", token));
        }
        return ExitCode.FINE;
    }

    private static String page(String address, @Nullable String token) {
        return "http://" + address + "/" + (token == null ? "" : "?token=" + token);
    }
}
