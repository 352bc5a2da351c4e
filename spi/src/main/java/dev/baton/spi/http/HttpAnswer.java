package dev.baton.spi.http;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * A whole response, made here. Immutable; it may answer any number of exchanges. Date, Content-Length and what the
 * connection needs are added by the service. The body of an answer to HEAD is left out.
 */
public final class HttpAnswer {
    private static final int STATUS_MIN = 200;
    private static final int STATUS_MAX = 599;

    private static final Field[] NO_FIELDS = {};
    private static final ByteBuffer NO_BODY = ByteBuffer.allocate(0).asReadOnlyBuffer();

    private final int status;
    private final Field[] fields;
    private final ByteBuffer body;

    /**
     * A field.
     *
     * @param name a token
     * @param value without control characters
     */
    public record Field(String name, String value) {}

    private HttpAnswer(int status, Field[] fields, ByteBuffer body) {
        this.status = status;
        this.fields = fields;
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
        return new HttpAnswer(status, NO_FIELDS, NO_BODY);
    }

    /** The same with one field more; whether it is allowed is checked when an exchange is answered. */
    public HttpAnswer with(String name, String value) {
        return new HttpAnswer(status, and(name, value), body);
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
        return body(contentType, ByteBuffer.wrap(bytes));
    }

    /**
     * The same with another body, which is not copied.
     *
     * @param contentType value of the field Content-Type
     * @param bytes those that remain; their content must not change afterwards
     */
    public HttpAnswer body(String contentType, ByteBuffer bytes) {
        return new HttpAnswer(status, and("Content-Type", contentType), bytes.asReadOnlyBuffer());
    }

    private Field[] and(String name, String value) {
        Field[] more = Arrays.copyOf(fields, fields.length + 1);
        more[fields.length] = new Field(name, value);
        return more;
    }

    /** From 200 to 599. */
    public int status() {
        return status;
    }

    /** In order. */
    public List<Field> fields() {
        return Collections.unmodifiableList(Arrays.asList(fields));
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
