package dev.baton.spi.http;

import dev.baton.spi.ByBaton;

/** The head of a response, a server's or one that was made here. */
@ByBaton
public interface HttpResponse {
    /** From 200 to 599. */
    int status();

    /**
     * Changes the status.
     *
     * @param status from 200 to 599; one that has no body (204, 304) only if the response has none
     * @throws IllegalArgumentException if it is none of these
     */
    void setStatus(int status);

    /** The fields. */
    HttpFields fields();

    /** The length of the body in bytes: 0 if there is none, -1 if it is not known before its end. */
    long contentLength();
}
