package dev.baton.runtime.launcher.command;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.admin.AdminException;
import dev.baton.runtime.output.StandardStreams;
import dev.baton.runtime.plugin.PluginException;
import dev.baton.runtime.server.Installation;
import dev.baton.runtime.server.StartException;
import dev.baton.runtime.server.WarmUp;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code baton}; {@code bin/baton} starts it. */
@Command(
        name = "baton",
        mixinStandardHelpOptions = true,
        versionProvider = Baton.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        description = {
            "An event-loop runtime whose connections can change loops.",
            "",
            "Starts a server from a configuration, and shows and controls a running one."
        },
        commandListHeading = "%nCommands:%n",
        optionListHeading = "%nOptions:%n",
        footer = {
            "",
            "Exit codes: 0 fine; 1 failed; 2 wrong usage; 3 cannot bind, or out of memory;",
            "4 a hard stop cut work; 78 configuration error.",
            "",
            "`baton run` without a file starts a demo: an HTTP proxy on 127.0.0.1:8080."
        })
public final class Baton implements Runnable {
    /** In the order of the help; {@code help} itself comes last. */
    private static final List<Class<?>> COMMANDS = List.of(
            RunCommand.class,
            CheckCommand.class,
            PrepareCommand.class,
            PluginsCommand.class,
            PluginCommand.class,
            ReferenceCommand.class,
            TableCommands.Status.class,
            TableCommands.Loops.class,
            TableCommands.Fds.class,
            TableCommands.Orphans.class,
            TableCommands.Listeners.class,
            TableCommands.Pools.class,
            TableCommands.Upstreams.class,
            TableCommands.Certificates.class,
            TopCommand.class,
            TailCommand.class,
            ViewCommand.class,
            DoCommand.class,
            ListenerCommand.class,
            UpstreamCommand.class,
            LogsCommand.class,
            DashboardCommand.class,
            RehearseCommand.class,
            UpgradeCommand.class,
            StopCommand.class);

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    /** For picocli. */
    public Baton() {}

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Missing command");
    }

    /** The version, with the JDK. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {Installation.line()};
        }
    }

    /** Runs one command line in this JVM and returns its exit code. */
    public static int execute(PrintWriter out, PrintWriter err, String... arguments) {
        RunCommand run = plainRun(out, arguments);
        if (run == null) {
            return interpret(out, err, arguments);
        }
        try {
            return run.call();
        } catch (Exception e) {
            return explain(e, err);
        }
    }

    /**
     * {@code run} or {@code run -c FILE}, as it would be interpreted; else null. Picocli's classes are too old for the
     * archive of classes: to read such a command line takes them a fifth of a start's time.
     */
    private static @Nullable RunCommand plainRun(PrintWriter out, String... arguments) {
        if (!isRun(arguments)) {
            return null;
        }
        if (arguments.length == 1) {
            return new RunCommand(new ConfigOption(), List.of(arguments), out);
        }
        return arguments.length == 3 && arguments[1].equals(ConfigOption.NAME) && isPlain(arguments[2])
                ? new RunCommand(new ConfigOption(Path.of(arguments[2])), List.of(arguments), out)
                : null;
    }

    private static boolean isRun(String... arguments) {
        return arguments.length > 0 && arguments[0].equals(RunCommand.NAME);
    }

    /** Neither an option nor the name of a file with more arguments. */
    private static boolean isPlain(String value) {
        return !value.isEmpty() && !value.startsWith("-") && !value.startsWith("@");
    }

    private static int interpret(PrintWriter out, PrintWriter err, String... arguments) {
        return commandLine(arguments)
                .setOut(out)
                .setErr(err)
                .setExecutionStrategy(new CommandLine.RunLast())
                .setExecutionExceptionHandler((failure, line, parsed) -> explain(failure, line.getErr()))
                .setUsageHelpWidth(100)
                .execute(arguments);
    }

    /** Picocli's model of all commands costs more than some of them: where one is named, it is made for that one. */
    private static CommandLine commandLine(String... arguments) {
        CommandLine line = new CommandLine(new Baton());
        for (Class<?> command : COMMANDS) {
            if (arguments.length > 0 && name(command).equals(arguments[0])) {
                return line.addSubcommand(command);
            }
        }
        COMMANDS.forEach(line::addSubcommand);
        return line.addSubcommand(HelpCommand.class);
    }

    private static String name(Class<?> command) {
        return command.getAnnotation(Command.class).name();
    }

    private static int explain(Exception failure, PrintWriter err) {
        if (failure instanceof StartException start) {
            err.println(start.getMessage());
            err.flush();
            return ExitCode.of(start.kind());
        }
        if (isOutOfFiles(failure)) {
            return outOfFiles(err);
        }
        if (failure instanceof AdminException || failure instanceof PluginException) {
            err.println(failure.getMessage());
        } else {
            err.println("baton: this should not have happened; please report it:");
            failure.printStackTrace(err);
        }
        err.flush();
        return ExitCode.FAILED;
    }

    /** The launcher counts what a start needs; a JVM may need more. */
    private static boolean isOutOfFiles(Throwable failure) {
        for (Throwable each = failure; each != null; each = each.getCause()) {
            String message = each.getMessage();
            if (message != null && message.contains("Too many open files")) {
                return true;
            }
        }
        return false;
    }

    private static int outOfFiles(PrintWriter err) {
        err.println(
                "baton: the limit of open files is too small: it should be 1024 or more (ulimit -n, or LimitNOFILE= of a"
                        + " systemd unit)");
        err.flush();
        return ExitCode.FAILED;
    }

    /** Where the process begins. */
    public static void main(String[] arguments) {
        if (isRun(arguments)) {
            if (Arrays.stream(arguments).noneMatch(each -> each.startsWith(RunCommand.DEV))) {
                WarmUp.begin();
            }
            StandardStreams.install(); // what serves waits for no reader; every other command is for its reader
        }
        // Flushed line by line: a reader of the pipe gets whole lines.
        PrintWriter out = new PrintWriter(System.out, true, Charset.defaultCharset());
        PrintWriter err = new PrintWriter(System.err, true, Charset.defaultCharset());
        int code;
        try {
            code = execute(out, err, arguments);
        } catch (Throwable t) { // Errors as well: a class that cannot be read is one
            if (!isOutOfFiles(t)) {
                throw t;
            }
            code = outOfFiles(err);
        }
        out.flush();
        err.flush();
        System.exit(code);
    }
}
