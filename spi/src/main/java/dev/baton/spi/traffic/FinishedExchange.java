package dev.baton.spi.traffic;

import org.jspecify.annotations.Nullable;

/**
 * A request and its response that are over, for people to read. Methods and paths are a client's words: they may hold
 * any character.
 *
 * @param service name of the service
 * @param route name of the route
 * @param server address of the server that was asked last; null if none was
 * @param client address of the client; null if it is not known
 * @param method of the request
 * @param path of the request, without its query; cut to 200 characters
 * @param status of the response; 0 if none was written
 * @param requestBytes of the request's body
 * @param responseBytes of the response's body
 * @param firstByteNanos from the request's head to the response's; -1 if there was none
 * @param totalNanos from the request's head to the end
 * @param outcome {@code complete}, or what went wrong: {@code client-aborted}, {@code server-aborted} or {@code cut}
 */
public record FinishedExchange(
        String service,
        String route,
        @Nullable String server,
        @Nullable String client,
        String method,
        String path,
        int status,
        long requestBytes,
        long responseBytes,
        long firstByteNanos,
        long totalNanos,
        String outcome) {
    /** The longest path that is kept. */
    public static final int PATH_CHARS_MAX = 200;

    /** Cuts the path. */
    public FinishedExchange {
        if (path.length() > PATH_CHARS_MAX) {
            path = path.substring(0, PATH_CHARS_MAX);
        }
    }
}
