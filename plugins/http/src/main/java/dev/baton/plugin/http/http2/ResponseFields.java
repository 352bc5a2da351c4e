package dev.baton.plugin.http.http2;

import dev.baton.plugin.http.exchange.FieldKind;
import dev.baton.plugin.http.exchange.HeaderFields;
import dev.baton.plugin.http.exchange.ResponseHead;
import dev.baton.spi.http.HttpDate;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.util.AsciiString;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** A response's head, or its trailers, as the HPACK encoder reads them: once, from the first field to the last. */
final class ResponseFields extends DefaultHttp2Headers {
    private static final int FIELD_OVERHEAD = 32;

    private final @Nullable AsciiString status;
    private final HeaderFields fields;
    private final boolean length;
    private final boolean date;

    private ResponseFields(@Nullable AsciiString status, HeaderFields fields, boolean length, boolean date) {
        super(false, 0);
        this.status = status;
        this.fields = fields;
        this.length = length;
        this.date = date;
    }

    /** The head of a response, or of what comes before it: what ends at this hop is left out. */
    static ResponseFields of(ResponseHead head) {
        // RFC 9110, section 6.6.1: when it was received, for recipients that have to know how old it is.
        boolean date = !head.fields().has(FieldKind.DATE) && !head.isInformational();
        if (head.beginsTunnel()) {
            head.fields().remove(WebSocketKey.ACCEPT);
            return new ResponseFields(HttpResponseStatus.OK.codeAsText(), head.fields(), false, date); // RFC 8441
        }
        return new ResponseFields(head.status().codeAsText(), head.fields(), head.forwardsLength(), date);
    }

    static ResponseFields ofTrailers(HeaderFields trailers) {
        return new ResponseFields(null, trailers, false, false);
    }

    /** Characters of all names and values, and some for each field. */
    int length() {
        int length = 0;
        for (int i = 0; i < fields.size(); i++) {
            length += fields.name(i).length() + fields.value(i).length() + FIELD_OVERHEAD;
        }
        return length;
    }

    @Override
    public @Nullable CharSequence status() {
        return status;
    }

    @Override
    public int size() {
        return fields.size() + 2;
    }

    @Override
    public boolean isEmpty() {
        return false;
    }

    @Override
    public Iterator<Map.Entry<CharSequence, CharSequence>> iterator() {
        return new Fields();
    }

    private boolean isWritten(FieldKind kind) {
        return kind.goesToClient() || (length && kind == FieldKind.CONTENT_LENGTH);
    }

    /** It is its own entry: the encoder takes the texts out at once. */
    private final class Fields
            implements Iterator<Map.Entry<CharSequence, CharSequence>>, Map.Entry<CharSequence, CharSequence> {
        private static final int STATUS = -2;
        private static final int DATE = -1;

        /** Index of the field that comes next. */
        private int next = status == null ? DATE : STATUS;

        private CharSequence name = "";
        private CharSequence value = "";

        Fields() {
            skip();
        }

        private void skip() {
            if (next == DATE && !date) {
                next++;
            }
            while (next >= 0 && next < fields.size() && !isWritten(fields.kind(next))) {
                next++;
            }
        }

        @Override
        public boolean hasNext() {
            return next < fields.size();
        }

        @Override
        public Map.Entry<CharSequence, CharSequence> next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            if (next == STATUS && status != null) {
                name = PseudoHeaderName.STATUS.value();
                value = status;
            } else if (next == DATE) {
                name = HttpHeaderNames.DATE;
                value = HttpDate.now();
            } else {
                name = AsciiString.of(fields.name(next)).toLowerCase();
                value = fields.value(next);
            }
            next++;
            skip();
            return this;
        }

        @Override
        public CharSequence getKey() {
            return name;
        }

        @Override
        public CharSequence getValue() {
            return value;
        }

        @Override
        public CharSequence setValue(CharSequence other) {
            throw new UnsupportedOperationException();
        }
    }
}
