package dev.baton.runtime.launcher.dev;

import dev.baton.runtime.launcher.Signals;
import dev.baton.runtime.launcher.dev.ControlChannel.Word;
import dev.baton.runtime.launcher.dev.StagedPlugins.Round;
import dev.baton.runtime.plugin.PluginCandidate;
import dev.baton.runtime.plugin.PluginException;
import dev.baton.runtime.upgrade.HandoffAddress;
import dev.baton.runtime.upgrade.InitProcess;
import java.io.IOException;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves with the plugins of some projects, and brings each change of what their compilers have made in: the process
 * that serves reloads them, or is upgraded.
 *
 * <pre>
 * files change            wait until they have not changed for {@link #QUIET_NANOS}
 * not compiled whole      wait for more; said if nothing comes for {@link #PATIENCE_NANOS}
 * cannot be loaded        said; what was loaded before serves
 * same as what is loaded  nothing
 * else                    have the process that serves reload them; if it cannot, or the configuration has changed too,
 *                         have it upgrade; if the new one does not come up, what was loaded before is put back, for
 *                         whoever upgrades next
 * </pre>
 *
 * <p>Threading: one thread runs it, signals come on others.
 */
public final class DevSupervisor {
    private static final Logger LOG = LoggerFactory.getLogger(DevSupervisor.class);

    /** Where options for the JVM of the server are, in the order in which it reads them. */
    private static final String OPTIONS = "BATON_JAVA_OPTS";

    private static final List<String> ALL_OPTIONS = List.of(OPTIONS, "JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS");
    private static final String DEBUGGER_MODULE = "jdk.jdwp.agent";
    private static final String DEBUGGER = "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=127.0.0.1:0";
    /** Assertions, and where each buffer that leaks was last used. */
    private static final String CHECKS = "-ea -Dio.netty.leakDetection.level=paranoid";

    private static final String NOT_RELOADED = "not reloaded, the version before serves";

    private static final long LOOK_MILLIS = 150;
    /** A compiler writes its files within less, one after the other. */
    private static final long QUIET_NANOS = TimeUnit.MILLISECONDS.toNanos(300);
    /** Maven removes classes before it compiles them again; that takes seconds. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
    /** From the second signal until the processes are killed: a debugger may have stopped them. */
    private static final long KILL_SECONDS = 5;

    private final List<String> launcher;
    private final @Nullable Path configuration;
    private final List<PluginBuild> builds;
    private final String batonVersion;
    private final Consumer<String> said;
    private final AtomicInteger signals = new AtomicInteger();

    /** What the process that serves has loaded; null before the first one is started. */
    private @Nullable Round served;

    private byte[] servedConfiguration = {};

    /** The process that had loaded it is dead, and one serves that has loaded what was before. */
    private boolean isOutdated;

    /** What is not built, and since when nothing has changed; for the thread that runs. */
    private @Nullable NotBuiltException notBuilt;

    private long notBuiltSince;

    /**
     * Starts nothing yet.
     *
     * @param launcher the command that starts a server, to which options are added
     * @param configuration the file that it reads; null if it reads none
     * @param projects folders of the projects
     * @param batonVersion that of this Baton
     * @param said is told what a user is to know
     * @throws PluginException if one of them is no project
     */
    public DevSupervisor(
            List<String> launcher,
            @Nullable Path configuration,
            List<Path> projects,
            String batonVersion,
            Consumer<String> said)
            throws PluginException {
        this.launcher = List.copyOf(launcher);
        this.configuration = configuration;
        this.batonVersion = batonVersion;
        this.said = said;
        Set<PluginBuild> found = new LinkedHashSet<>();
        for (Path each : projects) {
            found.add(PluginBuild.of(each));
        }
        this.builds = List.copyOf(found);
    }

    /**
     * Runs until the server has ended.
     *
     * @return its exit code
     * @throws PluginException if it cannot be started
     */
    public int run() throws PluginException, InterruptedException {
        InitProcess init = InitProcess.ifThisIsOne();
        if (init != null) {
            Signals.on("CHLD", init::childEnded);
        }
        Map<String, String> environment = environment(System.getenv());
        Path root;
        try {
            root = HandoffAddress.newFolder();
        } catch (IOException e) {
            throw new PluginException(String.valueOf(e.getMessage()), e);
        }
        try (ServingProcesses processes = ServingProcesses.listen(root)) {
            listenToSignals(processes);
            return serve(root, processes, environment);
        } catch (IOException e) {
            throw new PluginException("cannot start the server: " + e.getMessage(), e);
        } finally {
            PluginCandidate.remove(root);
        }
    }

    private int serve(Path root, ServingProcesses processes, Map<String, String> environment)
            throws PluginException, IOException, InterruptedException {
        StagedPlugins staged = new StagedPlugins(root, builds, batonVersion);
        SettledChanges changes = new SettledChanges(stamps(), QUIET_NANOS);
        Round first = staged.stage();
        staged.use(first);
        served = first;
        servedConfiguration = configuration();
        first.plugins()
                .forEach(each -> said.accept("project " + each.build().project() + ": plugin " + each.id() + " "
                        + each.version() + ", " + each.libraries()));
        first.advice().forEach(each -> said.accept("warning: " + each));
        List<String> command = new ArrayList<>(launcher);
        command.addAll(List.of("--staged", root.toString()));
        processes.start(command, environment);
        try {
            while (true) {
                try {
                    return processes.over().get(LOOK_MILLIS, TimeUnit.MILLISECONDS);
                } catch (TimeoutException stillServing) {
                    look(staged, changes, processes);
                }
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("the end of a process never fails", e);
        } finally {
            processes.kill(); // none is left, but after an error of this process
        }
    }

    private void look(StagedPlugins staged, SettledChanges changes, ServingProcesses processes)
            throws InterruptedException {
        if (!processes.isServing()) {
            return; // what changes meanwhile is seen afterwards
        }
        if (processes.takeServesAgain()) {
            isOutdated = true;
            said.accept("the version before serves until the next change: the process with the new one has died");
        }
        long now = System.nanoTime();
        try {
            if (changes.look(stamps(), now)) {
                notBuilt = null;
                bringIn(staged, processes);
            }
        } catch (NotBuiltException e) {
            notBuilt = e;
            notBuiltSince = now;
        } catch (PluginException e) {
            sayNotReloaded(e);
        }
        NotBuiltException missing = notBuilt;
        if (missing != null && now - notBuiltSince > PATIENCE_NANOS) {
            notBuilt = null;
            sayNotReloaded(missing);
        }
    }

    private void sayNotReloaded(PluginException why) {
        said.accept(NOT_RELOADED + ": " + why.getMessage());
    }

    private void bringIn(StagedPlugins staged, ServingProcesses processes)
            throws PluginException, InterruptedException {
        byte[] nowConfigured = configuration();
        boolean configured = !Arrays.equals(nowConfigured, servedConfiguration);
        Round before = served;
        Round next = staged.stage();
        Round unused = next;
        try {
            if (before == null || (!configured && !isOutdated && StagedPlugins.isSame(before, next))) {
                return;
            }
            next.advice().forEach(each -> said.accept("warning: " + each));
            String what = next.plugins().stream().map(each -> each.id()).collect(Collectors.joining(", "));
            said.accept("reloading " + what + (configured ? " with the new configuration" : ""));
            long begun = System.nanoTime();
            staged.use(next);
            List<String> ids = next.plugins().stream().map(each -> each.id()).toList();
            boolean whole = configured || isOutdated || before == null;
            if (isDone(whole ? processes.upgrade() : processes.reload(ids))) {
                served = next;
                isOutdated = false;
                servedConfiguration = nowConfigured;
                unused = before;
                said.accept(
                        "reloaded " + what + " in " + TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun) + " ms");
            } else {
                staged.use(before);
                said.accept(NOT_RELOADED + "; see above");
            }
        } finally {
            if (unused != null) {
                StagedPlugins.discard(unused);
            }
        }
    }

    private static boolean isDone(CompletableFuture<Boolean> asked) throws InterruptedException {
        try {
            return asked.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the answer of a process never fails", e);
        }
    }

    private Map<Path, String> stamps() {
        Set<Path> sources = new LinkedHashSet<>();
        builds.forEach(build -> sources.addAll(build.sources()));
        if (configuration != null) {
            sources.add(configuration);
        }
        return FileStamps.of(sources);
    }

    private byte[] configuration() {
        try {
            return configuration == null ? new byte[0] : Files.readAllBytes(configuration);
        } catch (IOException e) {
            LOG.debug("{}", configuration, e); // told by the process that reads it
            return new byte[0];
        }
    }

    /** What the server has in its environment beside this process's own. */
    static Map<String, String> environment(Map<String, String> own) throws PluginException {
        for (String each : ALL_OPTIONS) {
            if (own.getOrDefault(each, "").contains("jdwp")) {
                throw new PluginException(
                        each + " starts a debugger on an address of its own, which one process has and"
                                + " the one that follows it cannot have: leave it out, as `baton run --dev` starts one in each");
            }
        }
        // What the user sets comes last, and wins.
        String options = CHECKS + (hasDebugger() ? " " + DEBUGGER : "");
        return Map.of(OPTIONS, (options + " " + own.getOrDefault(OPTIONS, "")).strip());
    }

    /** A runtime image may be without. */
    private static boolean hasDebugger() {
        return ModuleFinder.ofSystem().find(DEBUGGER_MODULE).isPresent();
    }

    private void listenToSignals(ServingProcesses processes) {
        for (String name : List.of("TERM", "INT")) {
            Signals.on(name, () -> {
                switch (signals.incrementAndGet()) {
                    case 1 -> processes.end(Word.STOP, name);
                    case 2 -> {
                        processes.end(Word.CUT, name);
                        CompletableFuture.delayedExecutor(KILL_SECONDS, TimeUnit.SECONDS)
                                .execute(() -> kill(processes));
                    }
                    default -> kill(processes);
                }
            });
        }
        // A server does the same: see `baton run`.
        Signals.on("HUP", () -> {
            said.accept("HUP: upgrading");
            processes.upgrade();
        });
    }

    private void kill(ServingProcesses processes) {
        if (!processes.over().isDone()) {
            said.accept("the server does not end: killing it");
            processes.kill();
        }
    }
}
