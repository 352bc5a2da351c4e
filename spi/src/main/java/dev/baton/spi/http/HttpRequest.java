package dev.baton.spi.http;

import dev.baton.spi.ByBaton;
import org.jspecify.annotations.Nullable;

/**
 * The head of a request. What was sent is here as it was sent: nothing is decoded, and no {@code .} or {@code ..} is
 * resolved.
 */
@ByBaton
public interface HttpRequest {
    /** For example {@code GET}; methods are case-sensitive. */
    String method();

    /** {@code http} or {@code https}: how the client has reached this process. */
    String scheme();

    /** Host and perhaps port that the client asks for; empty if it does not say. */
    String authority();

    /** Path and query, {@code *}, or the host and port that a CONNECT asks for. */
    String target();

    /** The target up to its first {@code ?}. */
    default String path() {
        String target = target();
        int query = target.indexOf('?');
        return query < 0 ? target : target.substring(0, query);
    }

    /** What stands behind the target's first {@code ?}; null if there is none. */
    default @Nullable String query() {
        String target = target();
        int query = target.indexOf('?');
        return query < 0 ? null : target.substring(query + 1);
    }

    /** How the client speaks: {@code HTTP/1.0}, {@code HTTP/1.1} or {@code HTTP/2}. */
    String version();

    /** The fields. */
    HttpFields fields();

    /** The length of the body in bytes: 0 if there is none, -1 if it is not known before its end. */
    long contentLength();

    /**
     * Asks the server for something else. The route stays the one that was found.
     *
     * @param target path and perhaps query
     * @throws IllegalArgumentException if it does not begin with {@code /}, or has a blank, a control character, a
     *     {@code #} or anything that is not ASCII, or if the request is a CONNECT
     * @throws IllegalStateException if the request is on its way already
     */
    void rewriteTarget(String target);

    /**
     * Asks the server for another host. The route stays the one that was found.
     *
     * @throws IllegalArgumentException if it is no host, with or without a port (RFC 9110, section 7.2), or if the
     *     request is a CONNECT and it has no port
     * @throws IllegalStateException if the request is on its way already
     */
    void rewriteAuthority(String authority);
}
