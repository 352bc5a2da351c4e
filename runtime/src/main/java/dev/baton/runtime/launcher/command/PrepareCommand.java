package dev.baton.runtime.launcher.command;

import dev.baton.runtime.config.RootConfig;
import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.server.ConfigSource;
import dev.baton.runtime.server.Foundation;
import dev.baton.runtime.server.Installation;
import dev.baton.runtime.server.Server;
import dev.baton.runtime.server.StartException;
import dev.baton.spi.loop.Rescue;
import dev.baton.spi.loop.WatchedLoop;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;

/**
 * {@code baton prepare}: a rehearsal of {@code run} and of the commands that ask it, in one process, so that the
 * classes of all of them are loaded when it ends. {@code bin/baton} has the JVM write them down at its end, and later
 * JVMs map what is written instead of reading and verifying the jars: about a third of the CPU time of a start.
 */
@Command(
        name = "prepare",
        mixinStandardHelpOptions = true,
        description = {
            "Makes later starts of this installation faster. Run it once.",
            "",
            "Writes the classes that a start needs to a file in the installation's folder, from which the JVM",
            "maps them into memory. The file fits only this JDK and this folder: after an update, a move or a",
            "change of the JDK run it again. Without a file that fits, Baton starts as always, only slower."
        })
final class PrepareCommand implements Callable<Integer> {
    /** It serves two requests. */
    private static final int STOP_SECONDS_MAX = 30;

    /** How often, a millisecond apart, it is looked whether a rescue is over. */
    private static final int RESCUE_LOOKS = 200;

    private static final Pattern WEB = Pattern.compile("listener web on (\\S+) .*");
    private static final Pattern ADMIN = Pattern.compile("admin on (\\S+)");

    @Override
    public Integer call() throws StartException, AdminException, InterruptedException {
        ConfigSource source = ConfigSource.rehearsal();
        Foundation foundation = Foundation.lay(Installation.current(), source.reader());
        RootConfig read = foundation.read(source);
        Server server = Server.assemble(foundation, read);
        try {
            server.open();
            List<String> said = new ArrayList<>(server.listenerLines());
            server.start(said::add);
            new AdminClient(address(WEB, said)).get("/");
            for (String command : List.of("status", "pools")) {
                ask(command, address(ADMIN, said));
            }
            rescue(server);
            stop(server);
        } finally {
            server.end();
        }
        return ExitCode.FINE;
    }

    private static String address(Pattern wanted, List<String> lines) {
        for (String line : lines) {
            Matcher matcher = wanted.matcher(line);
            if (matcher.matches()) {
                return matcher.group(1);
            }
        }
        throw new IllegalStateException("no line is like " + wanted + ": " + lines);
    }

    private static void ask(String command, String admin) {
        PrintWriter printed = new PrintWriter(new StringWriter());
        int code = Baton.execute(printed, printed, command, "--admin", admin);
        if (code != ExitCode.FINE) {
            throw new IllegalStateException(command + " answers " + code);
        }
    }

    /**
     * The loops only exchange a few connections; but one that is blocked some day is not to wait for classes as well.
     */
    private static void rescue(Server server) {
        for (WatchedLoop loop : server.watch().loops()) {
            loop.running();
            Rescue rescue = loop.rescue();
            for (int i = 0; i < RESCUE_LOOKS && !rescue.isOver(); i++) {
                LockSupport.parkNanos(1_000_000);
            }
            rescue.end();
        }
    }

    private static void stop(Server server) throws InterruptedException {
        server.stop(null);
        try {
            server.stopped().get(STOP_SECONDS_MAX, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("it does not stop: " + server.progress(), e);
        }
    }
}
