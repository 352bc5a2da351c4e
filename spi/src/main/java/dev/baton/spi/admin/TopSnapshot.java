package dev.baton.spi.admin;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The element of {@code /v1/top}: what is slow. The figures are those of the last seconds, between this look and one
 * before it. The first look, and one that comes more than a minute after the one before it, has none to be compared
 * with: its figures are those since the start.
 *
 * @param windowMs of how many milliseconds the figures are
 * @param sinceStart true if that is the whole time since the start
 * @param routes those that had exchanges, the slowest first, by the 99th percentile of the total
 * @param servers those that were asked, the slowest first, by the 99th percentile
 * @param loops by id
 */
public record TopSnapshot(
        long windowMs, boolean sinceStart, List<Route> routes, List<Server> servers, List<Loop> loops) {

    /**
     * A route.
     *
     * @param service name of its service
     * @param route its name
     * @param requestsPerSecond exchanges that have ended
     * @param errorShare how many of these were answered with 5xx, from 0 to 1
     * @param p50Ms from the request's head to the last byte of the response: the median, in milliseconds
     * @param p99Ms the same: what 99 of 100 did not exceed
     * @param p999Ms the same: what 999 of 1000 did not exceed
     * @param firstByteP50Ms from the request's head to the response's
     * @param firstByteP99Ms the same
     * @param firstByteP999Ms the same
     */
    public record Route(
            String service,
            String route,
            double requestsPerSecond,
            double errorShare,
            double p50Ms,
            double p99Ms,
            double p999Ms,
            double firstByteP50Ms,
            double firstByteP99Ms,
            double firstByteP999Ms) {}

    /**
     * A server of an upstream.
     *
     * @param service name of the service that asks it
     * @param server its address
     * @param requestsPerSecond exchanges in which it has answered
     * @param inUse connections to it on which an exchange runs now, of all services; null if that is not known
     * @param waiting requests of all services that wait for one because of {@code max-connections}; null if that is not
     *     known
     * @param p50Ms from the request's head to the head of its response, in milliseconds
     * @param p99Ms the same: what 99 of 100 did not exceed
     * @param failures exchanges in which it failed
     */
    public record Server(
            String service,
            String server,
            double requestsPerSecond,
            @Nullable Integer inUse,
            @Nullable Integer waiting,
            double p50Ms,
            double p99Ms,
            long failures) {}

    /**
     * A loop.
     *
     * @param id its number
     * @param utilisation the processor time that its thread has had, as a share of the time, from 0 to 1
     * @param connections downstream connections that it owns now
     * @param tasksQueued tasks that wait for it now
     * @param blocked it is inside one callback for too long
     */
    public record Loop(int id, double utilisation, int connections, int tasksQueued, boolean blocked) {}
}
