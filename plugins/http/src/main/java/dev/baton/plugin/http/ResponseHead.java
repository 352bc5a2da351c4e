package dev.baton.plugin.http;

import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;

/** The head of a server's answer. */
final class ResponseHead extends DefaultHttpResponse {
    private long bodyLength;

    ResponseHead(HttpVersion version, HttpResponseStatus status) {
        super(version, status, new HeaderFields());
    }

    HeaderFields fields() {
        return (HeaderFields) headers();
    }

    boolean isHttp10() {
        return protocolVersion().minorVersion() == 0;
    }

    /** Not the answer yet, only something before it. */
    boolean isInformational() {
        return status().codeClass() == HttpStatusClass.INFORMATIONAL;
    }

    /** Whatever its fields say, no body follows (RFC 9112, section 6.3). */
    boolean isBodyless(Exchange exchange) {
        int code = status().code();
        return exchange.isHead() || code == 204 || code == 304 || isInformational();
    }

    /** In bytes, 0 if there is none, or {@link BodyReader#CHUNKED}, or {@link BodyReader#UNTIL_CLOSE}. */
    long bodyLength() {
        return bodyLength;
    }

    void setBodyLength(long bodyLength) {
        this.bodyLength = bodyLength;
    }

    /** Content-Length says how long the body is, or, in an answer without one, how long it would be. */
    boolean forwardsLength() {
        int code = status().code();
        return code >= 200 && code != 204 && fields().has(FieldKind.CONTENT_LENGTH);
    }
}
