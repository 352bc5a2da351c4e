package dev.baton.runtime.launcher.rehearsal;

import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client that sends one request after the other: over one connection as long as that lasts, or each over a connection
 * of its own. It never sends a request again.
 */
final class HttpCaller implements Client, HttpClientConnection.User {
    private final Connections connections;
    private final Endpoint endpoint;
    private final boolean keeps;
    private final int status;
    private final Ledger ledger;

    private @Nullable HttpClientConnection connection;
    private @Nullable Future<?> patience;
    private Phase began = Phase.WARM_UP;
    private long begunNanos;
    private boolean atWork;
    private boolean stopped;

    /**
     * A client that does nothing yet.
     *
     * @param keeps whether it sends the next request over the same connection
     * @param status of the answer that it expects
     */
    HttpCaller(Connections connections, Endpoint endpoint, boolean keeps, int status, Ledger ledger) {
        this.connections = connections;
        this.endpoint = endpoint;
        this.keeps = keeps;
        this.status = status;
        this.ledger = ledger;
    }

    @Override
    public void start() {
        next();
    }

    @Override
    public void stop() {
        stopped = true;
        HttpClientConnection open = connection;
        if (!atWork && open != null) {
            open.close();
        }
    }

    @Override
    public boolean isAtWork() {
        return atWork;
    }

    /** The time to connect is part of what a request takes. */
    private void next() {
        if (stopped) {
            return;
        }
        atWork = true;
        began = ledger.now();
        begunNanos = System.nanoTime();
        patience = connections
                .loop()
                .schedule(this::lose, connections.manners().patience().toNanos(), TimeUnit.NANOSECONDS);
        HttpClientConnection open = connection;
        if (open == null) {
            connection = HttpClientConnection.open(connections, endpoint, keeps, this);
        } else {
            open.send();
        }
    }

    @Override
    public void opened() {
        HttpClientConnection open = connection;
        if (open != null) {
            open.send();
        }
    }

    @Override
    public void notOpened(String why) {
        failed(Failure.NOT_CONNECTED);
    }

    @Override
    public void answered(int answer, boolean staysOpen) {
        if (answer != status) {
            failed(Failure.OTHER_STATUS);
            return;
        }
        done();
        ledger.answered(began, System.nanoTime() - begunNanos);
        if (!keeps || !staysOpen) {
            if (keeps) {
                ledger.ended();
            }
            leave();
        }
        pause();
    }

    @Override
    public void ended(boolean awaiting, boolean announced) {
        connection = null;
        if (awaiting) {
            failed(Failure.UNANSWERED);
        } else if (!announced) {
            ledger.closed();
        }
    }

    private void lose() {
        failed(Failure.LATE);
    }

    private void failed(Failure how) {
        if (!atWork) {
            return; // it was too late already
        }
        done();
        ledger.failed(began, how);
        leave();
        pause();
    }

    private void done() {
        atWork = false;
        Future<?> timer = patience;
        if (timer != null) {
            timer.cancel(false);
        }
    }

    private void leave() {
        HttpClientConnection open = connection;
        connection = null;
        if (open != null) {
            open.close();
        }
    }

    private void pause() {
        if (stopped) {
            leave();
        } else {
            connections.after(connections.manners().pause(), this::next);
        }
    }
}
