package dev.baton.runtime.listener;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.loop.Timer;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.listener.BoundSocket;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.SocketCalls;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Tells when the address of a deleted listener can be bound again (J4): close(2) may return before that, and an orphan
 * is closed only when the last callback in it has returned.
 *
 * <p>When the fd table has closed the fd, a worker tries by binding, again and again up to {@link #LIMIT}; nothing else
 * shows it. The trial socket does not listen, and it is gone before the stage completes. What it cannot tell is a port
 * that somebody else listens on by now: that looks like a port that is not free, and is reported so.
 */
final class PortRelease {
    /**
     * How long it may take at most from the deletion: a loop that never gives its claim back must not hang an unbind.
     */
    static final Duration LIMIT = Duration.ofSeconds(10);
    /** Between two trials: a port is usually free at once, or when a connection that was just accepted is. */
    static final Duration BETWEEN_TRIALS = Duration.ofMillis(20);

    private final CompletableFuture<@Nullable Void> free = new CompletableFuture<>();
    private final SocketCalls calls;
    private final FdTable table;
    private final Executor worker;
    private final Timer timer;
    private volatile String lastProblem = "a callback still runs in it, see the orphans";

    PortRelease(SocketCalls calls, FdTable table, Executor worker, Timer timer) {
        this.calls = calls;
        this.table = table;
        this.worker = worker;
        this.timer = timer;
    }

    /** Completes when the address can be bound; with an IOException if that took longer than {@link #LIMIT}. */
    CompletionStage<@Nullable Void> stage() {
        return free.minimalCompletionStage();
    }

    boolean isFree() {
        return free.isDone();
    }

    /** There was no fd, or it has another holder: nothing to wait for. */
    void nothingBound() {
        free.complete(null);
    }

    /** The fd is about to be deleted: the time runs. */
    void deleting(String address) {
        timer.after(LIMIT, () -> {
            if (!free.isDone()) {
                free.completeExceptionally(new IOException(
                        address + " is not free " + LIMIT.toSeconds() + " s after the unbind: " + lastProblem));
            }
        });
    }

    /**
     * Everything is closed. Any thread, also under foreign locks: only queues.
     *
     * @param sockets those to clean up after first
     * @param mine whether no other process can hold the address, so that it will be free
     */
    void closed(String address, List<BoundSocket> sockets, boolean mine) {
        lastProblem = "not tried yet";
        try {
            worker.execute(() -> cleanUp(sockets, mine));
        } catch (RejectedExecutionException ended) {
            free.completeExceptionally(new IOException(address + " was not tried: the process ends", ended));
        }
    }

    private void cleanUp(List<BoundSocket> sockets, boolean mine) {
        try {
            Optional<ListenerEndpoint> again = Optional.empty();
            for (BoundSocket socket : sockets) {
                socket.cleanUp();
                again = socket.again(); // they have one address
            }
            if (mine && again.isPresent()) {
                tryBind(again.get());
            } else {
                free.complete(null);
            }
        } catch (Throwable t) { // a plugin's; the caller waits for an answer
            free.completeExceptionally(t);
        }
    }

    private void tryBind(ListenerEndpoint endpoint) {
        if (free.isDone()) {
            return;
        }
        try {
            if (canBind(endpoint)) {
                free.complete(null);
                return;
            }
        } catch (Throwable t) { // the caller waits for an answer
            free.completeExceptionally(t);
            return;
        }
        timer.after(BETWEEN_TRIALS, () -> tryBind(endpoint));
    }

    private boolean canBind(ListenerEndpoint endpoint) {
        Fd trial = null;
        try {
            trial = table.fdInsert(endpoint.socket(calls), FdKind.LISTENER);
            endpoint.bind(trial.number(), SocketSettings.DEFAULT, calls);
            return true;
        } catch (IOException refused) {
            lastProblem = String.valueOf(refused.getMessage());
            return !mayPass(refused);
        } finally {
            if (trial != null) {
                table.fdDelete(trial);
            }
        }
    }

    /**
     * False if the refusal says nothing about other sockets: a process that bound port 80 as root and is not root any
     * more would never succeed.
     */
    private static boolean mayPass(Throwable refused) {
        for (Throwable each = refused; each != null; each = each.getCause()) {
            if (each instanceof PosixException posix) {
                int errno = posix.errno();
                return errno != Errno.EACCES && errno != Errno.EPERM && errno != Errno.EADDRNOTAVAIL;
            }
        }
        return true;
    }
}
