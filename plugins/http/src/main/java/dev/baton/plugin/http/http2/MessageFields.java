package dev.baton.plugin.http.http2;

import dev.baton.plugin.http.exchange.FieldKind;
import dev.baton.plugin.http.exchange.HeaderFields;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValidationUtil;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Takes the fields of one head or of trailers from the HPACK decoder: the pseudo-fields apart, the others as all
 * versions of HTTP have them here. What it does not take makes the message malformed (RFC 9113, sections 8.1.1 to 8.3).
 */
abstract class MessageFields extends DefaultHttp2Headers {
    private static final AsciiString COOKIE = AsciiString.cached("cookie");

    private final HeaderFields fields = new HeaderFields();

    /** Index of the Cookie field; -1 if there is none. */
    private int cookie = -1;

    /** They may come one by one, and HTTP/1 knows a single field only (RFC 9113, section 8.2.3). */
    private @Nullable StringBuilder cookies;

    private boolean pseudo;
    private boolean tooMany;

    MessageFields() {
        super(false, 0);
    }

    @Override
    public Http2Headers add(CharSequence name, CharSequence value) {
        if (name.length() > 0 && name.charAt(0) == ':') {
            pseudo = true;
            addPseudo(name, value);
        } else if (fields.size() >= HeaderFields.MAX_FIELDS) {
            tooMany = true; // reading on keeps the table of the decoder right
        } else {
            checkForm(name, value);
            addField(name, value);
        }
        return this;
    }

    /**
     * Takes a pseudo-field.
     *
     * @throws IllegalArgumentException if the message may not have it
     */
    abstract void addPseudo(CharSequence name, CharSequence value);

    static CharSequence once(@Nullable CharSequence before, CharSequence value) {
        if (before != null) {
            throw new IllegalArgumentException("a pseudo-field twice");
        }
        return value;
    }

    /** No capital letters in names, no blanks around values. */
    private static void checkForm(CharSequence name, CharSequence value) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c >= 'A' && c <= 'Z') {
                throw new IllegalArgumentException("a capital letter in a field name");
            }
        }
        if (value.length() > 0 && (isBlank(value.charAt(0)) || isBlank(value.charAt(value.length() - 1)))) {
            throw new IllegalArgumentException("a blank at the start or end of a field value");
        }
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }

    private void addField(CharSequence name, CharSequence value) {
        if (cookie < 0 || !COOKIE.contentEquals(name)) {
            if (COOKIE.contentEquals(name)) {
                cookie = fields.size();
            }
            fields.add(name, value);
            return;
        }
        if (HttpHeaderValidationUtil.validateValidHeaderValue(value) >= 0) {
            throw new IllegalArgumentException("field value with a character that is not allowed");
        }
        StringBuilder all = cookies;
        if (all == null) {
            all = new StringBuilder(fields.value(cookie));
            cookies = all;
        }
        all.append("; ").append(value);
    }

    HeaderFields fields() {
        if (cookies != null) {
            fields.setValue(cookie, cookies.toString());
        }
        return fields;
    }

    /** What all fields take on the heap, about. */
    int heapBytes() {
        HeaderFields all = fields();
        int bytes = 0;
        for (int i = 0; i < all.size(); i++) {
            bytes += all.name(i).length() + all.value(i).length() + HeaderFields.FIELD_BYTES;
        }
        return bytes;
    }

    /** More of them came than a message may have. */
    boolean tooMany() {
        return tooMany;
    }

    /** There is at least one pseudo-field. */
    boolean hasPseudo() {
        return pseudo;
    }

    // ------------------------------------------------------------------------------------------ for Netty's decoder

    /** It asks for Content-Length, and checks the body against it. */
    @Override
    public List<CharSequence> getAll(CharSequence name) {
        int field = fields.indexOf(FieldKind.CONTENT_LENGTH, 0);
        if (field < 0 || !HttpHeaderNames.CONTENT_LENGTH.contentEqualsIgnoreCase(name)) {
            return Collections.emptyList();
        }
        return fields.indexOf(FieldKind.CONTENT_LENGTH, field + 1) < 0
                ? List.of(fields.value(field))
                : List.of(fields.value(field), ""); // which it refuses
    }

    /** It puts the number that it has read back: what came stays. */
    @Override
    public Http2Headers setLong(CharSequence name, long value) {
        return this;
    }
}
