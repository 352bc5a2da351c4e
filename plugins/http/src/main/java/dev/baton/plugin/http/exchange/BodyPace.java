package dev.baton.plugin.http.exchange;

/**
 * How fast a client sends a body, measured while it is its turn: not while a connection is looked for, the server takes
 * no more, or the client waits to be told to go on. Clock readings come from the caller, which has them anyway. Runs
 * under the claim on the client's connection.
 */
public final class BodyPace {
    private long bytes;
    /** Nanoseconds of the client's turns that are over. */
    private long before;
    /** When its turn began. Only if it is its turn. */
    private long since;

    private boolean clientsTurn;

    /** Of no body yet. */
    public BodyPace() {}

    /** Another body begins, and with the client's turn or later. */
    public void begin() {
        bytes = 0;
        before = 0;
        clientsTurn = false;
    }

    /** Bytes of the body so far. */
    public long bytes() {
        return bytes;
    }

    /** Bytes came, or nothing holds the client up now. */
    public void clientsTurn(long count, long nowNanos) {
        bytes += count;
        if (!clientsTurn) {
            clientsTurn = true;
            since = nowNanos;
        }
    }

    /** The client can send nothing now. */
    public void othersTurn(long nowNanos) {
        if (clientsTurn) {
            clientsTurn = false;
            before += nowNanos - since;
        }
    }

    /**
     * How much longer the client may take at least for what has come, or {@link Timeouts#NEVER} if it is not its turn.
     */
    public long left(Timeouts timeouts, long nowNanos) {
        return clientsTurn ? timeouts.allowed(bytes) - before - (nowNanos - since) : Timeouts.NEVER;
    }
}
