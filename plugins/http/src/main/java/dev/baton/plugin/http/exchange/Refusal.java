package dev.baton.plugin.http.exchange;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.util.Locale;

/**
 * Why an exchange did not get its server's answer: what the client is told, and the label {@code reason} of the metric.
 */
public enum Refusal {
    /** The bytes are not a request, or one that two parsers could read in two ways. */
    MALFORMED_REQUEST(HttpResponseStatus.BAD_REQUEST, "malformed request"),
    /** Where the body ends is not said in exactly one way. */
    AMBIGUOUS_LENGTH(HttpResponseStatus.BAD_REQUEST, "ambiguous message length"),
    /** No Host, more than one, or one that is no host. */
    BAD_HOST(HttpResponseStatus.BAD_REQUEST, "missing or malformed Host"),
    /** Not a request target, or none for this method. */
    BAD_TARGET(HttpResponseStatus.BAD_REQUEST, "malformed request target"),
    /** Not one number, in a TRACE or OPTIONS. */
    BAD_MAX_FORWARDS(HttpResponseStatus.BAD_REQUEST, "malformed Max-Forwards"),
    /** Content in a TRACE, which a client must not send. */
    TRACE_WITH_CONTENT(HttpResponseStatus.BAD_REQUEST, "TRACE with content"),
    /** A chunk size, a chunk's end or a trailer that is none. */
    BAD_CHUNK(HttpResponseStatus.BAD_REQUEST, "malformed chunked body"),
    /** The request line is over {@code header-limit}. */
    TARGET_TOO_LONG(HttpResponseStatus.REQUEST_URI_TOO_LONG, "request line too long"),
    /** The header fields are over {@code header-limit}, or too many. */
    HEADER_TOO_LARGE(HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "header fields too large"),
    /** Neither HTTP/1.0 nor HTTP/1.1. */
    BAD_VERSION(HttpResponseStatus.HTTP_VERSION_NOT_SUPPORTED, "HTTP version not supported"),
    /** CONNECT, where the route does not allow it. */
    BAD_METHOD(HttpResponseStatus.NOT_IMPLEMENTED, "CONNECT is not served here"),
    /** The client began a request and stopped in the middle. */
    REQUEST_TIMEOUT(HttpResponseStatus.REQUEST_TIMEOUT, "the request was not sent in time"),
    /** The client sends a head or body more slowly than at {@code min-rate}. */
    SLOW_REQUEST(HttpResponseStatus.REQUEST_TIMEOUT, "the request came too slowly"),
    /** The body is over {@code body-limit}. */
    BODY_TOO_LARGE(new HttpResponseStatus(413, "Content Too Large"), "request body too large"),
    /** The client's frames are not HTTP/2: its connection is ended with GOAWAY. */
    BAD_FRAME(HttpResponseStatus.BAD_REQUEST, "HTTP/2 protocol error"),
    /** The client is over one of the limits of {@code http2}: its connection is ended with GOAWAY. */
    TOO_MANY_FRAMES(HttpResponseStatus.TOO_MANY_REQUESTS, "too many frames that ask for nothing"),
    /** No route takes the request. */
    NO_ROUTE(HttpResponseStatus.NOT_FOUND, "there is nothing here"),
    /** Routes look at the path, and two servers may understand this one in two ways. */
    AMBIGUOUS_PATH(HttpResponseStatus.BAD_REQUEST, "ambiguous path"),
    /** This service, or what it calls of a plugin, has thrown where it must not. */
    INTERNAL_ERROR(HttpResponseStatus.INTERNAL_SERVER_ERROR, "an internal error"),
    /** A filter or handler has thrown, or broken a rule. */
    FILTER_FAILED(HttpResponseStatus.INTERNAL_SERVER_ERROR, "a filter or handler has failed"),
    /** The exchange has waited for a filter or handler longer than its {@code timeout}. */
    FILTER_TIMEOUT(HttpResponseStatus.SERVICE_UNAVAILABLE, "a filter or handler took too long"),
    /** All workers of a blocking filter's or handler's plugin are busy, and as many as may wait do. */
    FILTER_BUSY(HttpResponseStatus.SERVICE_UNAVAILABLE, "a filter or handler has too much to do"),
    /** A filter or handler has blocked its loops too often, and is not called for a while. */
    FILTER_QUARANTINED(HttpResponseStatus.SERVICE_UNAVAILABLE, "a filter or handler is in quarantine"),
    /** A handler has ended its response before it was complete. */
    HANDLER_ABORTED(HttpResponseStatus.INTERNAL_SERVER_ERROR, "the response is not complete"),
    /** A response that a filter asks to have whole is over its limit. */
    RESPONSE_TOO_LARGE(HttpResponseStatus.BAD_GATEWAY, "response body too large"),
    /** No connection to any server that was tried. */
    CONNECT_FAILED(HttpResponseStatus.BAD_GATEWAY, "no connection to the server"),
    /** As many connections to the server are open as {@code max-connections} allows, and none became free in time. */
    SERVER_BUSY(HttpResponseStatus.SERVICE_UNAVAILABLE, "the server has too much to do"),
    /** No connection within {@code connect-timeout}. */
    CONNECT_TIMEOUT(HttpResponseStatus.GATEWAY_TIMEOUT, "no connection to the server in time"),
    /** A server was reached, and no TLS handshake with it was completed. */
    TLS_FAILED(HttpResponseStatus.BAD_GATEWAY, "no secure connection to the server"),
    /** The server's connection ended before its answer did. */
    UPSTREAM_CLOSED(HttpResponseStatus.BAD_GATEWAY, "the server closed the connection"),
    /** The server was silent for {@code response-timeout}. */
    RESPONSE_TIMEOUT(HttpResponseStatus.GATEWAY_TIMEOUT, "no answer from the server in time"),
    /** The server's bytes are not an answer, or one that two parsers could read in two ways. */
    BAD_RESPONSE(HttpResponseStatus.BAD_GATEWAY, "malformed answer from the server"),
    /** The server's frames are not HTTP/2: its connection is ended with GOAWAY. */
    BAD_SERVER_FRAME(HttpResponseStatus.BAD_GATEWAY, "HTTP/2 protocol error of the server"),
    /** The server is over one of the limits of {@code http2}: its connection is ended with GOAWAY. */
    TOO_MANY_SERVER_FRAMES(HttpResponseStatus.BAD_GATEWAY, "too many frames from the server that bring nothing"),
    /** A WebSocket to a server that is asked in HTTP/2 and does not offer it. */
    NO_TUNNEL(HttpResponseStatus.NOT_IMPLEMENTED, "no tunnel to the server"),
    /** The server sent something unasked. */
    UNSOLICITED_RESPONSE(HttpResponseStatus.BAD_GATEWAY, "bytes from the server without a request"),
    /** The process's budget for memory was used up, and this unfinished head was among the largest. */
    HEAD_EVICTED(
            HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "not enough memory for header fields of this size"),
    /** The process's budget for memory was used up, and this exchange was among those that held most of it. */
    EVICTED(HttpResponseStatus.SERVICE_UNAVAILABLE, "not enough memory"),
    /** Neither side of a tunnel has sent anything for {@code tunnel-timeout}. */
    TUNNEL_IDLE(HttpResponseStatus.REQUEST_TIMEOUT, "the tunnel was idle"),
    /** The client stopped reading its answer. */
    CLIENT_STALLED(HttpResponseStatus.REQUEST_TIMEOUT, "the client did not read its answer");

    @SuppressWarnings("ImmutableEnumChecker") // it is immutable, but does not say so
    private final HttpResponseStatus status;

    private final String words;

    Refusal(HttpResponseStatus status, String words) {
        this.status = status;
        this.words = words;
    }

    /** What the client is answered, where it still can be. */
    HttpResponseStatus status() {
        return status;
    }

    /** For people: the log, and the body of the answer. */
    String words() {
        return words;
    }

    /** For the metric: the name in lower case. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** What a request's decoder meant. */
    public static Refusal ofRequest(Throwable cause) {
        if (cause instanceof RefusedException refused) {
            return refused.refusal();
        }
        if (cause instanceof TooLongHttpHeaderException) {
            return HEADER_TOO_LARGE;
        }
        return cause instanceof TooLongHttpLineException ? TARGET_TOO_LONG : MALFORMED_REQUEST;
    }
}
