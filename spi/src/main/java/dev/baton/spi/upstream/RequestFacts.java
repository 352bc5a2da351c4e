package dev.baton.spi.upstream;

import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** What a {@link Balancer} may ask about a request. Valid during the call that it is given to only. */
public interface RequestFacts {

    /** Facts of a request of which nothing is known. */
    RequestFacts NONE = () -> null;

    /** The client's address, as the connection filters have found it out; null if it is not known. */
    @Nullable
    SocketAddress clientAddress();

    /**
     * Whether the service may send it to another server if the first one fails: its method is safe (RFC 9110 section
     * 9.2.1) and it has no body. Such a request is the first to try a server that has failed lately.
     */
    default boolean isSafe() {
        return false;
    }

    /**
     * The value of a header field; null if there is none, or if the request has no header.
     *
     * @param name compared without case
     */
    default @Nullable String field(String name) {
        return null;
    }

    /**
     * The value of a cookie, from the field {@code cookie} (RFC 6265 section 4.2); null if there is none.
     *
     * @param name compared with case
     */
    default @Nullable String cookie(String name) {
        String pairs = field("cookie");
        return pairs == null ? null : Cookies.find(pairs, name);
    }
}
