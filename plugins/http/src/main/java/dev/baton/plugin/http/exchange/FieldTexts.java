package dev.baton.plugin.http.exchange;

import io.netty.util.AsciiString;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The names and values of fields, by the index of the field: each a text that was added, or a place in the head that it
 * was read from.
 */
final class FieldTexts {
    /** Of a line: colon, blank, CR, LF. */
    private static final int LINE_OVERHEAD = 4;

    private static final CharSequence[] NO_TEXTS = {};
    private static final byte[] NO_BYTES = {};
    private static final int[] NO_PLACES = {};

    /**
     * Name, value, name, value and so on; null stands for one that is in the {@link #head}, as does all beyond the end.
     */
    private @Nullable CharSequence[] texts = NO_TEXTS;
    /** What was read. */
    private byte[] head = NO_BYTES;
    /** Of each name and each value in the head its first byte and the one behind its last. */
    private int[] places = NO_PLACES;

    CharSequence name(int field) {
        return at(2 * field);
    }

    CharSequence value(int field) {
        return at(2 * field + 1);
    }

    private CharSequence at(int index) {
        CharSequence text = added(index);
        return text == null ? part(head, places[2 * index], places[2 * index + 1]) : text;
    }

    private @Nullable CharSequence added(int index) {
        return index < texts.length ? texts[index] : null;
    }

    private int length(int index) {
        CharSequence text = added(index);
        return text == null ? places[2 * index + 1] - places[2 * index] : text.length();
    }

    /** Bytes as a text, where they are. */
    static AsciiString part(byte[] bytes, int from, int to) {
        return new AsciiString(bytes, from, to - from, false);
    }

    /**
     * A field of a head.
     *
     * @param capacity fields for which there is to be room
     */
    void read(int field, int capacity, byte[] bytes, int nameFrom, int nameTo, int valueFrom, int valueTo) {
        if (places.length < 4 * capacity) {
            places = Arrays.copyOf(places, 4 * capacity);
        }
        if (2 * field < texts.length) { // one that was removed may have left its own
            texts[2 * field] = null;
            texts[2 * field + 1] = null;
        }
        int at = 4 * field;
        places[at] = nameFrom;
        places[at + 1] = nameTo;
        places[at + 2] = valueFrom;
        places[at + 3] = valueTo;
        head = bytes;
    }

    /** What was read is in these bytes, at the same places. */
    void keep(byte[] bytes) {
        head = bytes;
    }

    /**
     * A field that was not read.
     *
     * @param capacity as for {@link #read}
     */
    void add(int field, int capacity, CharSequence name, CharSequence value) {
        room(capacity);
        texts[2 * field] = name;
        texts[2 * field + 1] = value;
    }

    /** Puts another value in the place of a field's. */
    void setValue(int field, int capacity, CharSequence value) {
        room(capacity);
        texts[2 * field + 1] = value;
    }

    private void room(int capacity) {
        if (texts.length < 2 * capacity) {
            texts = Arrays.copyOf(texts, 2 * capacity);
        }
    }

    /** Puts a field in the place of one before it. */
    void move(int from, int to) {
        if (2 * to < texts.length) {
            texts[2 * to] = added(2 * from);
            texts[2 * to + 1] = added(2 * from + 1);
        }
        if (4 * from < places.length) {
            System.arraycopy(places, 4 * from, places, 4 * to, 4);
        }
    }

    // ---- lines ------------------------------------------------------------------------------------------------------

    int lineLength(int field) {
        return length(2 * field) + length(2 * field + 1) + LINE_OVERHEAD;
    }

    void copyLine(int field, byte[] to, int at) {
        int index = 2 * field;
        if (added(index) == null && added(index + 1) == null && isLine(2 * index)) {
            System.arraycopy(head, places[2 * index], to, at, lineLength(field));
            return;
        }
        int end = copy(index, to, at);
        to[end] = ':';
        to[end + 1] = ' ';
        end = copy(index + 1, to, end + 2);
        to[end] = '\r';
        to[end + 1] = '\n';
    }

    /** It stands in the head as it is to be written, as nearly all do: one blank before the value, none elsewhere. */
    private boolean isLine(int place) {
        int colon = places[place + 1];
        return places[place + 2] == colon + 2
                && head[colon] == ':'
                && head[colon + 1] == ' '
                && head[places[place + 3]] == '\r';
    }

    /** Writes one byte for each character, as they were read. */
    @SuppressWarnings("deprecation") // getBytes(int, int, byte[], int) is the one that copies Latin-1 without a detour
    private int copy(int index, byte[] to, int at) {
        CharSequence text = added(index);
        int length = length(index);
        if (text == null) {
            System.arraycopy(head, places[2 * index], to, at, length);
        } else if (text instanceof AsciiString ascii) {
            System.arraycopy(ascii.array(), ascii.arrayOffset(), to, at, length);
        } else {
            text.toString().getBytes(0, length, to, at);
        }
        return at + length;
    }
}
