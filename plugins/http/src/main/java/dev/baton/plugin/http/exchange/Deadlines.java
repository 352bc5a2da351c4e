package dev.baton.plugin.http.exchange;

import dev.baton.spi.upstream.ServerFailure;

/**
 * The time limits of one exchange, the same in every version of HTTP: those of its route and those of silence. Under
 * the claim on the client's connection, called by the timer of the connection.
 */
public final class Deadlines {
    private Deadlines() {}

    /**
     * Ends the exchange if one of its limits is reached.
     *
     * @param nowNanos by the clock of the loops
     * @param stuck the client does not take what was written for it
     * @param silence nanoseconds since the last progress that are allowed now; {@link Timeouts#NEVER}: any number
     * @param paceLeft nanoseconds that are left for what the client sends, at the slowest rate that is allowed
     * @return nanoseconds until it is time to look again; 0 or less: a limit was reached
     */
    public static long check(Downstream end, long nowNanos, boolean stuck, long silence, long paceLeft) {
        long routeLeft = routeLeft(end, nowNanos);
        long left = Math.min(Math.min(end.lastProgress() + silence - nowNanos, paceLeft), routeLeft);
        if (routeLeft <= 0) {
            if (end.isServersTurn()) {
                blameServer(end);
            }
            end.timedOut(Refusal.RESPONSE_TIMEOUT);
        } else if (left <= 0) {
            expire(end, stuck, paceLeft <= 0);
        }
        return left;
    }

    private static void expire(Downstream end, boolean stuck, boolean slow) {
        if (end.isTunnel()) {
            end.cut(stuck ? Refusal.CLIENT_STALLED : Refusal.TUNNEL_IDLE);
        } else if (slow) {
            end.timedOut(Refusal.SLOW_REQUEST);
        } else if (stuck) {
            end.cut(Refusal.CLIENT_STALLED);
        } else if (!end.isServersTurn()) {
            end.timedOut(Refusal.REQUEST_TIMEOUT);
        } else if (!askElsewhere(end)) {
            end.timedOut(Refusal.RESPONSE_TIMEOUT);
        }
    }

    /**
     * The server was silent for {@code response-timeout}.
     *
     * @return true if another one is asked, because that is harmless
     */
    private static boolean askElsewhere(Downstream end) {
        Exchange current = end.current();
        if (current == null || end.forwarder().end() == null || current.hasResponse()) {
            return false;
        }
        long now = end.nanoTime();
        current.failedByServer(ServerFailure.TIMEOUT, now);
        current.asked(now);
        boolean asked = end.forwarder().askElsewhere(current);
        if (asked) {
            end.progress();
        }
        return asked;
    }

    /** The head of the response has not come within the route's {@code timeout}. */
    private static void blameServer(Downstream end) {
        Exchange current = end.current();
        if (current == null || end.forwarder().end() == null) {
            return;
        }
        long now = end.nanoTime();
        // The route's time runs from the head of the request on: what a queue, a filter or another server took of it is
        // not this server's fault.
        if (now - current.carriedNanos() >= current.route().timeoutNanos() / 2) {
            current.failedByServer(ServerFailure.TIMEOUT, now);
        }
    }

    /** The exchange waits for something else than client or server, which has a time limit of its own. */
    public static boolean waitsElsewhere(Downstream end, boolean requestComplete) {
        Exchange current = end.current();
        if (current == null) {
            return false;
        }
        Forwarder forwarder = end.forwarder();
        FilteredExchange filtered = current.filtered();
        return filtered == null
                ? forwarder.end() == null
                : filtered.isWaiting() || forwarder.connecting() || (requestComplete && forwarder.end() == null);
    }

    /** How much longer the head of the response may take; {@link Timeouts#NEVER} if the route does not limit it. */
    private static long routeLeft(Downstream end, long nowNanos) {
        Exchange current = end.current();
        if (current == null || end.isAnswering() || current.route().timeoutNanos() == Timeouts.NEVER) {
            return Timeouts.NEVER;
        }
        FilteredExchange filtered = current.filtered();
        if (filtered != null && filtered.hasHead()) {
            return Timeouts.NEVER; // it is there, and waits for filters
        }
        return current.beganNanos() + current.route().timeoutNanos() - nowNanos;
    }
}
