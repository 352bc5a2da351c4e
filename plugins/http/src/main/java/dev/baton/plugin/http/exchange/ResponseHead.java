package dev.baton.plugin.http.exchange;

import dev.baton.spi.http.HttpAnswer;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;

/** The head of a server's answer. */
public final class ResponseHead extends DefaultHttpResponse {
    private long bodyLength;
    private boolean tunnel;

    public ResponseHead(HttpVersion version, HttpResponseStatus status) {
        this(version, status, new HeaderFields());
    }

    /** With the fields that have been read already. */
    public ResponseHead(HttpVersion version, HttpResponseStatus status, HeaderFields fields) {
        super(version, status, fields);
    }

    public HeaderFields fields() {
        return (HeaderFields) headers();
    }

    public boolean isHttp10() {
        return protocolVersion().majorVersion() == 1 && protocolVersion().minorVersion() == 0;
    }

    /** Not the answer yet, only something before it. */
    public boolean isInformational() {
        return status().codeClass() == HttpStatusClass.INFORMATIONAL && !tunnel;
    }

    /** Agrees to another protocol, or to a CONNECT: what follows is a tunnel. */
    public boolean beginsTunnel() {
        return tunnel;
    }

    /** What follows is a tunnel, whatever the fields say of a length. */
    public void beginTunnel() {
        tunnel = true;
        bodyLength = BodyLength.UNTIL_CLOSE;
    }

    /** Whatever its fields say, no body follows (RFC 9112, section 6.3). */
    public boolean isBodyless(Exchange exchange) {
        int code = status().code();
        return exchange.isHead() || code == 204 || code == 304 || isInformational();
    }

    /** In bytes, 0 if there is none, or {@link BodyLength#CHUNKED}, or {@link BodyLength#UNTIL_CLOSE}. */
    public long bodyLength() {
        return bodyLength;
    }

    public void setBodyLength(long bodyLength) {
        this.bodyLength = bodyLength;
    }

    /**
     * The head of a response that is made here.
     *
     * @throws IllegalArgumentException if a field is not allowed
     */
    static ResponseHead of(HttpAnswer answer) {
        return of(answer, answer.body().remaining());
    }

    /**
     * The head of a response that is made here.
     *
     * @param length of its body, in bytes; negative: not known yet
     * @throws IllegalArgumentException if a field is not allowed, or there are more bytes already
     */
    static ResponseHead of(HttpAnswer answer, long length) {
        if (length >= 0 && answer.body().remaining() > length) {
            throw new IllegalArgumentException("the first piece is longer than " + length + " bytes");
        }
        ResponseHead head = new ResponseHead(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(answer.status()));
        Fields fields = new Fields(head.fields());
        answer.fields().forEach(field -> fields.add(field.name(), field.value()));
        if (length < 0) {
            head.setBodyLength(BodyLength.CHUNKED);
        } else {
            head.setLength(length);
        }
        return head;
    }

    /** Says how long the body is, in bytes. */
    void setLength(long length) {
        fields().remove(HttpHeaderNames.TRANSFER_ENCODING);
        fields().set(HttpHeaderNames.CONTENT_LENGTH, Long.toString(length));
        bodyLength = length;
    }

    /** The body has another length than the fields say. */
    void lengthUnknown() {
        dropLength();
        bodyLength = BodyLength.CHUNKED;
    }

    /** Says nothing about the length of the body. */
    void dropLength() {
        fields().remove(HttpHeaderNames.CONTENT_LENGTH);
    }

    /** Content-Length says how long the body is, or, in an answer without one, how long it would be. */
    public boolean forwardsLength() {
        int code = status().code();
        return code >= 200 && code != 204 && !tunnel && fields().has(FieldKind.CONTENT_LENGTH);
    }
}
