package dev.baton.runtime.launcher.dev;

import dev.baton.runtime.launcher.ExitCode;
import dev.baton.runtime.launcher.dev.ControlChannel.Line;
import dev.baton.runtime.launcher.dev.ControlChannel.Word;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server that a supervisor has started, and those that have followed it by upgrades: each connects, says when it
 * serves, and is gone when its connection is.
 *
 * <p>Threading: one thread accepts, one for each process reads, any thread asks.
 */
final class ServingProcesses implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ServingProcesses.class);

    /** Far more than there ever are at one time. */
    private static final int BACKLOG = 16;

    private final ServerSocketChannel socket;
    private final CompletableFuture<Integer> over = new CompletableFuture<>();

    // Guarded by this.
    private final List<Member> members = new ArrayList<>();
    private @Nullable Process first;
    private @Nullable Member serving;
    private @Nullable CompletableFuture<Boolean> upgrade;
    private @Nullable Line order;
    private boolean servesAgain;

    /** One process. */
    private static final class Member {
        final ControlChannel channel;

        @Nullable
        ProcessHandle process;

        int code = -1;
        boolean hasServed;

        Member(ControlChannel channel) {
            this.channel = channel;
        }
    }

    private ServingProcesses(ServerSocketChannel socket) {
        this.socket = socket;
    }

    /** Waits for processes that are started with this folder. */
    static ServingProcesses listen(Path root) throws IOException {
        ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        boolean done = false;
        try {
            socket.bind(UnixDomainSocketAddress.of(SupervisorLink.control(root)), BACKLOG);
            ServingProcesses made = new ServingProcesses(socket);
            daemon("baton-dev-accept", made::accept);
            done = true;
            return made;
        } finally {
            if (!done) {
                socket.close();
            }
        }
    }

    private static void daemon(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    /** Starts the first one. It prints where this process prints. */
    synchronized void start(List<String> command, Map<String, String> environment) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(Redirect.INHERIT)
                .redirectError(Redirect.INHERIT);
        builder.environment().putAll(environment);
        Process started = builder.start();
        first = started;
        started.onExit().thenRun(this::look);
    }

    private void accept() {
        while (true) {
            try {
                SocketChannel accepted = socket.accept();
                Member member = new Member(new ControlChannel(accepted));
                synchronized (this) {
                    members.add(member);
                }
                daemon("baton-dev-link", () -> read(member));
            } catch (IOException e) {
                LOG.debug("no more processes are expected", e);
                return;
            }
        }
    }

    private void read(Member member) {
        try (member.channel) {
            for (Line line = member.channel.read(); line != null; line = member.channel.read()) {
                take(member, line);
            }
        } catch (IOException e) {
            LOG.debug("close", e);
        }
        synchronized (this) {
            members.remove(member);
            if (member == serving) {
                answer(false);
            }
        }
        look();
    }

    private synchronized void take(Member member, Line line) {
        switch (line.word()) {
            case HELLO -> {
                member.process =
                        ProcessHandle.of(Long.parseLong(line.argument())).orElse(null);
                if (order != null) {
                    member.channel.write(order.word(), order.argument());
                }
            }
            case READY -> {
                servesAgain |= member.hasServed;
                member.hasServed = true;
                serving = member;
            }
            case UPGRADED -> answer(true);
            case KEPT -> answer(false);
            case ENDED -> member.code = Integer.parseInt(line.argument());
            default -> LOG.warn("{} is nothing that a process says that serves", line);
        }
    }

    private synchronized void answer(boolean upgraded) {
        CompletableFuture<Boolean> asked = upgrade;
        upgrade = null;
        if (asked != null) {
            asked.complete(upgraded);
        }
    }

    /** Whether none is left. */
    private void look() {
        int code;
        synchronized (this) {
            Process started = first;
            if (!members.isEmpty() || started == null || started.isAlive()) {
                return;
            }
            Member last = serving;
            ProcessHandle process = last == null ? null : last.process;
            if (last != null && last.code >= 0) {
                code = last.code;
            } else if (process == null || process.pid() == started.pid()) {
                code = started.exitValue();
            } else {
                LOG.error("process {}, which served, has died", process.pid());
                code = ExitCode.FAILED;
            }
        }
        over.complete(code);
    }

    /** Completes when none is left, with the exit code of the one that served last. */
    CompletableFuture<Integer> over() {
        return over;
    }

    /** True if one serves that is not about to end. */
    synchronized boolean isServing() {
        return order == null && serving != null && members.contains(serving);
    }

    /** True, once, if one serves again, because the one that had followed it is dead. */
    synchronized boolean takeServesAgain() {
        boolean again = servesAgain;
        servesAgain = false;
        return again;
    }

    /** Has the one that serves start the next one; completes with false if it serves on itself. */
    CompletableFuture<Boolean> upgrade() {
        return ask(Word.UPGRADE, "");
    }

    /** Has the one that serves reload plugins, or start the next one; completes with false if nothing came of it. */
    CompletableFuture<Boolean> reload(List<String> plugins) {
        return ask(Word.RELOAD, String.join(",", plugins));
    }

    private synchronized CompletableFuture<Boolean> ask(Word word, String argument) {
        Member asked = serving;
        if (asked == null || upgrade != null || !isServing()) {
            return CompletableFuture.completedFuture(false);
        }
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        upgrade = done;
        asked.channel.write(word, argument);
        return done;
    }

    /** Gives all of them, and those that come, an order to end. */
    synchronized void end(Word word, String signal) {
        order = new Line(word, signal);
        members.forEach(member -> member.channel.write(word, signal));
    }

    /** Ends all of them, whatever they are at. */
    synchronized void kill() {
        for (Member member : members) {
            ProcessHandle process = member.process;
            if (process != null) {
                process.destroyForcibly();
            }
        }
        if (first != null) {
            first.destroyForcibly();
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
