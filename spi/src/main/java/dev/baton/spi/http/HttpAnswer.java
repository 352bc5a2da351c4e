package dev.baton.spi.http;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A whole response, made here. Immutable; it may answer any number of exchanges. Date, Content-Length and what the
 * connection needs are added by the service. The body of an answer to HEAD is left out.
 */
public final class HttpAnswer {
    private static final int STATUS_MIN = 200;
    private static final int STATUS_MAX = 599;

    private final int status;
    private final List<Field> fields;
    private final ByteBuffer body;

    /**
     * A field.
     *
     * @param name a token
     * @param value without control characters
     */
    public record Field(String name, String value) {}

    private HttpAnswer(int status, List<Field> fields, ByteBuffer body) {
        this.status = status;
        this.fields = List.copyOf(fields);
        this.body = body;
    }

    /**
     * One without fields and body.
     *
     * @param status from 200 to 599
     * @throws IllegalArgumentException if it is not
     */
    public static HttpAnswer of(int status) {
        if (status < STATUS_MIN || status > STATUS_MAX) {
            throw new IllegalArgumentException("status " + status + " is outside " + STATUS_MIN + " to " + STATUS_MAX);
        }
        return new HttpAnswer(status, List.of(), ByteBuffer.allocate(0));
    }

    /** The same with one field more; whether it is allowed is checked when an exchange is answered. */
    public HttpAnswer with(String name, String value) {
        List<Field> more = new ArrayList<>(fields);
        more.add(new Field(name, value));
        return new HttpAnswer(status, more, body);
    }

    /** The same with a plain text for its body, in UTF-8. */
    public HttpAnswer text(String text) {
        return body("text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * The same with another body.
     *
     * @param contentType value of the field Content-Type
     * @param bytes not to be changed afterwards
     */
    public HttpAnswer body(String contentType, byte[] bytes) {
        return new HttpAnswer(status, fields, ByteBuffer.wrap(bytes)).with("Content-Type", contentType);
    }

    /** From 200 to 599. */
    public int status() {
        return status;
    }

    /** In order. */
    public List<Field> fields() {
        return fields;
    }

    /** The body, for reading. */
    public ByteBuffer body() {
        return body.asReadOnlyBuffer();
    }

    @Override
    public String toString() {
        return status + " with " + body.remaining() + " bytes";
    }
}
