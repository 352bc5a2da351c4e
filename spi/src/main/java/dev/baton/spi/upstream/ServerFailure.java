package dev.baton.spi.upstream;

/** Why a request that was sent to a server has no good answer; see {@link Upstream#failed}. */
public enum ServerFailure {
    /** The server ended or reset the connection before its answer began. */
    CLOSED,
    /** The server was silent for as long as the service waits. */
    TIMEOUT,
    /**
     * The server answered that it cannot serve the request (in HTTP, status 502, 503 or 504), or in a way that is no
     * answer.
     */
    ERROR
}
