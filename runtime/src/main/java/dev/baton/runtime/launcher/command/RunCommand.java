package dev.baton.runtime.launcher.command;

import dev.baton.runtime.config.RootConfig;
import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.HardStop;
import dev.baton.runtime.launcher.Signals;
import dev.baton.runtime.launcher.dev.DevSupervisor;
import dev.baton.runtime.launcher.dev.SupervisorLink;
import dev.baton.runtime.output.StandardStreams;
import dev.baton.runtime.plugin.PluginException;
import dev.baton.runtime.plugin.PluginRegistry;
import dev.baton.runtime.server.ConfigSource;
import dev.baton.runtime.server.Foundation;
import dev.baton.runtime.server.Installation;
import dev.baton.runtime.server.Server;
import dev.baton.runtime.server.StartException;
import dev.baton.runtime.systemd.Notifier;
import dev.baton.runtime.upgrade.InitProcess;
import dev.baton.spi.admin.PluginReload;
import dev.baton.spi.admin.StopReport;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code baton run}: starts, says what it started, serves until it is stopped. */
@Command(
        name = RunCommand.NAME,
        mixinStandardHelpOptions = true,
        description = {
            "Starts a server and stays until it ends.",
            "",
            "TERM and INT drain within `grace` of the configuration; a second one cuts. If work is still",
            "unfinished `hard-stop` later, the process exits all the same. HUP replaces the process by a",
            "new one: see `baton upgrade`. QUIT prints the stacks of all threads.",
            "",
            "With --keep the server gets a small parent process, which holds copies of its listening",
            "sockets. If the server dies, the parent starts it again with them, and clients that connect",
            "meanwhile wait instead of being refused. It passes TERM, INT and HUP on, and ends with the",
            "server's exit code. Not under systemd, which can do the same itself.",
            "",
            "With --dev it is for authors of plugins: each time a project was compiled, the server reloads",
            "the plugin, or is upgraded if that cannot be reloaded. One that cannot be loaded is reported,",
            "and the one before serves. A blocked loop is only reported, everything that the plugins log",
            "is shown, assertions are on, and each process prints the port at which a debugger can attach."
        })
final class RunCommand implements Callable<Integer> {
    static final String NAME = "run";

    /** The option of a process that serves nothing itself. */
    static final String DEV = "--dev";

    static final String READY = "ready";

    /** Set by {@code bin/baton}: where it is, by the path that it was called by. */
    private static final String LAUNCHER = "baton.launcher";

    @Mixin
    private ConfigOption config = new ConfigOption();

    @Option(
            names = DEV,
            arity = "1..*",
            paramLabel = "PROJECT",
            description = {
                "Folders of Maven projects of plugins, which you compile (mvn compile, or an IDE).",
                "They take the place of installed plugins with the same ids."
            })
    private List<Path> projects = List.of();

    /** Obeyed by {@code bin/baton}, which starts the parent in a JVM of its own; it starts this command without it. */
    @Option(names = "--keep", description = "Holds the listening sockets, and restarts a server that dies.")
    private boolean keep;

    /** A server that {@code --dev} has started: where its supervisor is. */
    @Option(names = "--staged", hidden = true)
    private @Nullable Path staged;

    @Spec
    @SuppressWarnings("NullAway.Init") // by picocli
    private CommandSpec spec;

    /** Null where picocli has read the command line. */
    private final @Nullable PrintWriter out;

    private final List<String> arguments;
    private final boolean rehearsal;

    /** Only as pid 1. */
    private @Nullable InitProcess init;

    /** Only for {@code --dev}. */
    private @Nullable SupervisorLink supervisor;

    private final AtomicBoolean signalled = new AtomicBoolean();
    /** A signal that comes before it is served when there is something to stop. */
    private final CompletableFuture<Server> assembled = new CompletableFuture<>();

    /** For picocli. */
    RunCommand() {
        this.arguments = List.of();
        this.out = null;
        this.rehearsal = false;
    }

    /**
     * Without picocli.
     *
     * @param arguments the whole command line
     */
    RunCommand(ConfigOption config, List<String> arguments, PrintWriter out) {
        this.config = config;
        this.arguments = List.copyOf(arguments);
        this.out = out;
        this.rehearsal = false;
    }

    /** For {@code baton prepare}. */
    RunCommand(ConfigSource source, PrintWriter out) {
        this.config = new ConfigOption(source);
        this.arguments = List.of();
        this.out = out;
        this.rehearsal = true;
    }

    @Override
    public Integer call() throws StartException, PluginException, InterruptedException {
        if (keep) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(),
                    projects.isEmpty()
                            ? "--keep starts a process, and this one was not started by bin/baton: use that"
                            : "--keep and --dev are not used together: --dev has a parent process of its own");
        }
        if (!projects.isEmpty()) {
            return develop();
        }
        init = InitProcess.ifThisIsOne();
        listenToSignals();
        watchKeeper();
        if (staged != null) {
            supervisor = SupervisorLink.connect(staged);
            supervisor.obey(new Orders());
        }
        say(Installation.line() + ", pid " + ProcessHandle.current().pid());
        Server server = assemble();
        boolean serving = false;
        try {
            server.upgradeBy(again());
            if (init != null) {
                server.stayAs(init);
            }
            assembled.complete(server);
            say(server.pollerLine());
            say(server.loopsLine());
            server.tlsLine().ifPresent(this::say);
            server.takeOver(System.getenv());
            server.open();
            server.listenerLines().forEach(this::say);
            server.start(this::say);
            serving = true;
        } finally {
            if (!serving) {
                server.end();
            }
        }
        if (!server.isStopping()) {
            say(ready() + " in " + ManagementFactory.getRuntimeMXBean().getUptime() + " ms");
            sayReady();
        }
        return serve(server);
    }

    /**
     * Apart from {@link #call}, which lasts as long as the process: its frame would hold what plugins are reloaded of.
     */
    private Server assemble() throws StartException, PluginException {
        ConfigSource source = config.source();
        say("configuration " + source.file() + " (" + source.origin() + ")");
        Foundation foundation = foundation(source);
        sayPlugins(foundation.plugins());
        RootConfig read =
                foundation.read(supervisor == null ? source : SupervisorLink.adapted(source, foundation.plugins()));
        return Server.assemble(foundation, read);
    }

    /** Completes when there is a server, which is not ready then. */
    CompletableFuture<Server> assembled() {
        return assembled;
    }

    private Foundation foundation(ConfigSource source) throws StartException {
        if (supervisor == null) {
            return Foundation.lay(Installation.current(), source.reader(), rehearsal);
        }
        supervisor.logAll();
        return Foundation.lay(Installation.current(), source.reader(), supervisor.plugins());
    }

    /** This process serves nothing itself: it watches the projects. */
    private int develop() throws PluginException, InterruptedException {
        String launcher = System.getProperty(LAUNCHER);
        if (launcher == null) {
            throw new PluginException("--dev starts processes, and this one was not started by bin/baton: use that");
        }
        List<String> command = new ArrayList<>(List.of(launcher, "run"));
        Path file = config.file();
        if (file != null) {
            command.addAll(List.of("-c", file.toString()));
        }
        return new DevSupervisor(
                        command,
                        file == null ? ConfigSource.DEFAULT : file,
                        projects,
                        Installation.current().version(),
                        this::say)
                .run();
    }

    /** In colour where the environment or a terminal asks for it; else picocli's classes are not needed. */
    @SuppressWarnings("SystemConsoleNull") // which newer JDKs never answer: picocli asks them whether it is a terminal
    private static String ready() {
        boolean coloured = System.console() != null || System.getenv("CLICOLOR_FORCE") != null;
        return coloured ? Ansi.AUTO.string("@|bold,green " + READY + "|@") : READY;
    }

    private void sayReady() {
        if (supervisor != null) {
            supervisor.ready();
        }
    }

    private int serve(Server server) throws InterruptedException {
        while (true) {
            CountDownLatch stopping = new CountDownLatch(1);
            server.stopping().thenRun(stopping::countDown);
            stopping.await();
            HardStop hardStop = HardStop.watch(server, server.hardStop(), this::say, () -> end(ExitCode.CUT));
            StopReport report = drained(server);
            if (report != null && server.mayEnd()) {
                server.end();
                hardStop.cancel();
                say("stopped: " + count(report.served(), "connection") + " ended, " + report.cut() + " cut");
                return end(report.cut() == 0 ? ExitCode.FINE : ExitCode.CUT);
            }
            hardStop.cancel();
            say("serving again: the process that had taken over has died");
            sayReady();
        }
    }

    /** The end of this process, as far as it may end: the end of pid 1 would end the processes that serve after it. */
    private int end(int code) {
        if (supervisor != null) {
            supervisor.ended(code);
        }
        if (init == null || !init.isFollowing()) {
            return code;
        }
        say("this process stays as the parent of those that serve after it: it is pid 1");
        return init.await();
    }

    /** Waits for the end of the listeners, and says every second how far it is; null if the server serves again. */
    private @Nullable StopReport drained(Server server) throws InterruptedException {
        while (server.isStopping()) {
            say(server.progress());
            try {
                return server.stopped().get(1, TimeUnit.SECONDS);
            } catch (TimeoutException stillDraining) {
                // The next line tells how far it is.
            } catch (ExecutionException e) {
                throw new IllegalStateException("a stop never fails", e);
            }
        }
        return null;
    }

    private void listenToSignals() {
        if (init != null) {
            Signals.on("CHLD", init::childEnded);
        }
        for (String name : List.of("TERM", "INT")) {
            Signals.on(name, () -> {
                if (init != null && init.isFollowing()) {
                    say(name + ": passed on to the process that serves");
                    init.pass(name);
                    if (!signalled.compareAndSet(false, true)) {
                        assembled.thenAccept(server -> server.stop(Duration.ZERO)); // what drains here
                    }
                } else if (!stop(name)) {
                    cut(name);
                }
            });
        }
        Signals.on("HUP", () -> {
            if (init != null && init.isFollowing()) {
                say("HUP: passed on to the process that serves");
                init.pass("HUP");
                return;
            }
            say("HUP: upgrading");
            upgrade();
        });
    }

    /** Without its parent this process would hold addresses that a new parent's server wants to bind. */
    private void watchKeeper() {
        String keeper = System.getenv(Notifier.PARENT);
        if (keeper != null && keeper.matches("[1-9][0-9]{0,8}")) {
            ProcessHandle.of(Long.parseLong(keeper))
                    .ifPresentOrElse(
                            parent -> parent.onExit().thenRun(this::abandonedByKeeper), this::abandonedByKeeper);
        }
    }

    private void abandonedByKeeper() {
        stop("the process of `baton run --keep` has died");
    }

    /** Drains and ends; false if that was asked for before. */
    private boolean stop(String signal) {
        if (!signalled.compareAndSet(false, true)) {
            return false;
        }
        say(signal + ": stopping; once more to cut");
        assembled.thenAccept(server -> server.stop(null));
        return true;
    }

    private void cut(String signal) {
        if (assembled.isDone()) {
            say(signal + ": cutting");
            assembled.thenAccept(server -> server.stop(Duration.ZERO));
        } else {
            say(signal + ": ending during the start");
            StandardStreams.drain();
            Runtime.getRuntime().halt(ExitCode.CUT);
        }
    }

    private CompletableFuture<Boolean> upgrade() {
        return assembled.thenCompose(server -> server.upgrade(null)).thenApply(report -> {
            say(UpgradeCommand.line(report.upgraded(), report.detail()));
            return report.upgraded();
        });
    }

    /** What the supervisor of {@code --dev} wants. */
    private final class Orders implements SupervisorLink.Orders {
        @Override
        public void upgrade() {
            SupervisorLink asked = supervisor;
            RunCommand.this.upgrade().whenComplete((done, failure) -> {
                if (asked != null) {
                    asked.upgraded(Boolean.TRUE.equals(done));
                }
            });
        }

        @Override
        public void reload(List<String> plugins) {
            CompletionStage<Boolean> all = CompletableFuture.completedStage(true);
            for (String each : plugins) {
                all = all.thenCompose(soFar -> soFar ? reloaded(each) : CompletableFuture.completedStage(false));
            }
            all.exceptionally(failure -> {
                        say("the new versions need an upgrade: " + failure.getMessage());
                        return false;
                    })
                    .thenAccept(done -> {
                        SupervisorLink asked = supervisor;
                        if (!done) {
                            upgrade();
                        } else if (asked != null) {
                            asked.upgraded(true);
                        }
                    });
        }

        private CompletionStage<Boolean> reloaded(String plugin) {
            return assembled.thenCompose(server -> server.reload(plugin)).thenApply(report -> {
                boolean done = report.outcome() == PluginReload.Outcome.RELOADED;
                if (!done) {
                    say(plugin + " needs an upgrade: " + report.detail());
                }
                return done;
            });
        }

        @Override
        public void stop(String signal) {
            RunCommand.this.stop(signal); // a terminal has sent it to this process too
        }

        @Override
        public void cut(String signal) {
            RunCommand.this.cut(signal);
        }

        @Override
        public void abandoned() {
            signalled.set(true);
            RunCommand.this.cut("the process of `baton run --dev` is dead");
        }
    }

    /** This command line once more, by the launcher that is installed by then; empty where there is none. */
    private List<String> again() {
        String launcher = System.getProperty(LAUNCHER);
        if (launcher == null || rehearsal) {
            return List.of();
        }
        List<String> command = new ArrayList<>(List.of(launcher));
        command.addAll(out == null ? spec.root().commandLine().getParseResult().originalArgs() : arguments);
        return command;
    }

    private void sayPlugins(PluginRegistry plugins) {
        List<String> loaded = plugins.snapshots().stream()
                .filter(plugin -> plugin.problem() == null)
                .map(plugin -> plugin.id() + " " + plugin.version())
                .toList();
        say("plugins " + (loaded.isEmpty() ? "none" : String.join(", ", loaded)));
        plugins.failures().forEach(plugin -> say("plugin " + plugin.id() + " not loaded: " + plugin.problem()));
    }

    static String count(int number, String noun) {
        return number + " " + noun + (number == 1 ? "" : "s");
    }

    private void say(String line) {
        (out == null ? spec.commandLine().getOut() : out).println(line);
    }
}
