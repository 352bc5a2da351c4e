package dev.baton.plugin.http.exchange;

import io.netty.handler.codec.DateFormatter;
import io.netty.handler.codec.http.HttpHeaderValidationUtil;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.util.AsciiString;
import java.util.AbstractMap.SimpleImmutableEntry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Date;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a head in the order in which they came, each with its kind.
 *
 * <p>A proxy reads all fields once and writes most of them once; it looks up very few, and those by kind. So this is a
 * flat list without hashes. Fields that were read from a head stay in its bytes, and become texts only for those who
 * ask for one; most are written as the line that they came in. Names and values are validated when they are read or
 * added; nothing validates them again.
 */
public final class HeaderFields extends HttpHeaders {
    /** Most fields of a message: bounds the work of {@code Connection: a, b, c}, which names fields to remove. */
    public static final int MAX_FIELDS = 256;

    private static final int INITIAL_FIELDS = 8;

    private final FieldTexts texts = new FieldTexts();
    private FieldKind[] kinds = NO_KINDS;
    private int count;
    private int present;

    private static final FieldKind[] NO_KINDS = {};

    /** What a field costs beside its characters, in bytes: two objects with their arrays, and where they stand. */
    public static final int FIELD_BYTES = 96;

    /** Fields of a kind, {@link FieldKind#END_TO_END} excepted, cost a bit test to see that there are none. */
    public boolean has(FieldKind kind) {
        return (present & kind.bit()) != 0;
    }

    public CharSequence name(int field) {
        return texts.name(field);
    }

    public CharSequence value(int field) {
        return texts.value(field);
    }

    // ---- in a head -------------------------------------------------------------------------------------------------

    /**
     * Adds a field where it stands in a head. Its name is a token and its value has no control characters and no blanks
     * at its ends: the caller has seen that. {@link #keep} must follow behind the last one.
     *
     * @throws TooLongHttpHeaderException if there are {@link #MAX_FIELDS} already
     */
    public void read(byte[] bytes, int nameFrom, int nameTo, int valueFrom, int valueTo) {
        if (count == kinds.length) {
            grow();
        }
        texts.read(count, kinds.length, bytes, nameFrom, nameTo, valueFrom, valueTo);
        FieldKind kind = FieldKind.of(FieldTexts.part(bytes, nameFrom, nameTo));
        kinds[count++] = kind;
        present |= kind.bit();
    }

    /** What was read stays in these bytes, at the same places. They are this object's from here on. */
    public void keep(byte[] bytes) {
        texts.keep(bytes);
    }

    /** In bytes, how long the line of a field is. */
    public int lineLength(int field) {
        return texts.lineLength(field);
    }

    /** Writes the line of a field, {@link #lineLength} bytes: its name, a colon, a blank, its value, CR LF. */
    public void copyLine(int field, byte[] to, int at) {
        texts.copyLine(field, to, at);
    }

    // ---- one by one ------------------------------------------------------------------------------------------------

    public FieldKind kind(int field) {
        return kinds[field];
    }

    /** Puts another value in the place of a field's. */
    public void setValue(int field, String value) {
        texts.setValue(field, kinds.length, value);
    }

    /** Marks a field as one that ends here. */
    public void endHere(int field) {
        kinds[field] = FieldKind.NAMED_BY_CONNECTION;
        present = 0;
        for (int i = 0; i < count; i++) {
            present |= kinds[i].bit();
        }
    }

    /** The index of the first field of a kind from an index on, or -1. */
    public int indexOf(FieldKind kind, int from) {
        if (has(kind)) {
            for (int i = from; i < count; i++) {
                if (kinds[i] == kind) {
                    return i;
                }
            }
        }
        return -1;
    }

    private void append(CharSequence name, CharSequence value) {
        int wrong = name.length() == 0 ? 0 : HttpHeaderValidationUtil.validateToken(name);
        if (wrong >= 0) {
            throw new IllegalArgumentException("field name with a character that is not allowed at " + wrong);
        }
        wrong = HttpHeaderValidationUtil.validateValidHeaderValue(value);
        if (wrong >= 0) {
            throw new IllegalArgumentException("field value with a character that is not allowed at " + wrong);
        }
        if (count == kinds.length) {
            grow();
        }
        FieldKind kind = FieldKind.of(name);
        texts.add(count, kinds.length, name, value);
        kinds[count++] = kind;
        present |= kind.bit();
    }

    private void grow() {
        if (count == MAX_FIELDS) {
            throw new TooLongHttpHeaderException("more than " + MAX_FIELDS + " header fields");
        }
        int capacity = count == 0 ? INITIAL_FIELDS : Math.min(2 * count, MAX_FIELDS);
        kinds = Arrays.copyOf(kinds, capacity);
    }

    private static CharSequence text(Object value) {
        if (value instanceof CharSequence text) {
            return text;
        }
        return value instanceof Date date ? DateFormatter.format(date) : value.toString();
    }

    private int find(CharSequence name, int from) {
        for (int i = from; i < count; i++) {
            if (AsciiString.contentEqualsIgnoreCase(name(i), name)) {
                return i;
            }
        }
        return -1;
    }

    /** As {@link #find}, but a name with a kind of its own that is not present costs no comparison. */
    private int findFirst(CharSequence name) {
        return has(FieldKind.of(name)) ? find(name, 0) : -1;
    }

    @Override
    public @Nullable String get(String name) {
        return get((CharSequence) name);
    }

    @Override
    public @Nullable String get(CharSequence name) {
        int i = findFirst(name);
        return i < 0 ? null : value(i).toString();
    }

    @Override
    public @Nullable Integer getInt(CharSequence name) {
        String value = get(name);
        try {
            return value == null ? null : Integer.valueOf(value);
        } catch (NumberFormatException notANumber) {
            return null;
        }
    }

    @Override
    public int getInt(CharSequence name, int defaultValue) {
        Integer value = getInt(name);
        return value == null ? defaultValue : value;
    }

    @Override
    public @Nullable Short getShort(CharSequence name) {
        String value = get(name);
        try {
            return value == null ? null : Short.valueOf(value);
        } catch (NumberFormatException notANumber) {
            return null;
        }
    }

    @Override
    public short getShort(CharSequence name, short defaultValue) {
        Short value = getShort(name);
        return value == null ? defaultValue : value;
    }

    @Override
    @SuppressWarnings("JavaUtilDate") // what Netty's formatter gives
    public @Nullable Long getTimeMillis(CharSequence name) {
        String value = get(name);
        Date date = value == null ? null : DateFormatter.parseHttpDate(value);
        return date == null ? null : date.getTime();
    }

    @Override
    public long getTimeMillis(CharSequence name, long defaultValue) {
        Long value = getTimeMillis(name);
        return value == null ? defaultValue : value;
    }

    @Override
    public List<String> getAll(String name) {
        return getAll((CharSequence) name);
    }

    @Override
    public List<String> getAll(CharSequence name) {
        int i = findFirst(name);
        if (i < 0) {
            return Collections.emptyList();
        }
        int next = find(name, i + 1);
        if (next < 0) {
            return Collections.singletonList(value(i).toString());
        }
        List<String> values = new ArrayList<>();
        values.add(value(i).toString());
        for (; next >= 0; next = find(name, next + 1)) {
            values.add(value(next).toString());
        }
        return Collections.unmodifiableList(values);
    }

    @Override
    public List<Map.Entry<String, String>> entries() {
        List<Map.Entry<String, String>> entries = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            entries.add(new SimpleImmutableEntry<>(name(i).toString(), value(i).toString()));
        }
        return entries;
    }

    @Override
    public boolean contains(String name) {
        return findFirst(name) >= 0;
    }

    @Override
    public boolean contains(CharSequence name) {
        return findFirst(name) >= 0;
    }

    @Override
    @Deprecated
    public Iterator<Map.Entry<String, String>> iterator() {
        return entries().iterator();
    }

    @Override
    public Iterator<Map.Entry<CharSequence, CharSequence>> iteratorCharSequence() {
        return new Iterator<>() {
            private int next;

            @Override
            public boolean hasNext() {
                return next < count;
            }

            @Override
            public Map.Entry<CharSequence, CharSequence> next() {
                if (next >= count) {
                    throw new NoSuchElementException();
                }
                return new SimpleImmutableEntry<>(name(next), value(next++));
            }
        };
    }

    @Override
    public Iterator<? extends CharSequence> valueCharSequenceIterator(CharSequence name) {
        return getAll(name).iterator();
    }

    @Override
    public boolean isEmpty() {
        return count == 0;
    }

    @Override
    public int size() {
        return count;
    }

    @Override
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        for (int i = 0; i < count; i++) {
            names.add(name(i).toString());
        }
        return names;
    }

    @Override
    public HttpHeaders add(String name, Object value) {
        append(name, text(value));
        return this;
    }

    @Override
    public HttpHeaders add(CharSequence name, Object value) {
        append(name, text(value));
        return this;
    }

    @Override
    public HttpHeaders add(String name, Iterable<?> values) {
        for (Object value : values) {
            append(name, text(value));
        }
        return this;
    }

    @Override
    public HttpHeaders addInt(CharSequence name, int value) {
        append(name, Integer.toString(value));
        return this;
    }

    @Override
    public HttpHeaders addShort(CharSequence name, short value) {
        append(name, Short.toString(value));
        return this;
    }

    @Override
    public HttpHeaders set(String name, Object value) {
        return set((CharSequence) name, value);
    }

    @Override
    public HttpHeaders set(CharSequence name, Object value) {
        remove(name);
        return add(name, value);
    }

    @Override
    public HttpHeaders set(String name, Iterable<?> values) {
        remove(name);
        return add(name, values);
    }

    @Override
    public HttpHeaders setInt(CharSequence name, int value) {
        return set(name, Integer.toString(value));
    }

    @Override
    public HttpHeaders setShort(CharSequence name, short value) {
        return set(name, Short.toString(value));
    }

    @Override
    public HttpHeaders remove(String name) {
        return remove((CharSequence) name);
    }

    @Override
    public HttpHeaders remove(CharSequence name) {
        if (findFirst(name) < 0) {
            return this;
        }
        int kept = 0;
        present = 0;
        for (int i = 0; i < count; i++) {
            if (!AsciiString.contentEqualsIgnoreCase(name(i), name)) {
                present |= kinds[i].bit();
                move(i, kept++);
            }
        }
        count = kept;
        return this;
    }

    private void move(int from, int to) {
        if (from != to) {
            kinds[to] = kinds[from];
            texts.move(from, to);
        }
    }

    /** TE says that trailers can be read (RFC 9110, section 10.1.4). */
    public boolean takesTrailers() {
        for (int i = indexOf(FieldKind.TE, 0); i >= 0; i = indexOf(FieldKind.TE, i + 1)) {
            for (String coding : value(i).toString().split(",", -1)) {
                if (HttpHeaderValues.TRAILERS.contentEqualsIgnoreCase(coding.trim())) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Removes all fields of a name but the last. */
    void keepLast(CharSequence name) {
        int last = -1;
        for (int i = find(name, 0); i >= 0; i = find(name, i + 1)) {
            last = i;
        }
        int kept = 0;
        for (int i = 0; i < count; i++) {
            if (i == last || !AsciiString.contentEqualsIgnoreCase(name(i), name)) {
                move(i, kept++);
            }
        }
        count = kept;
    }

    @Override
    public HttpHeaders clear() {
        count = 0;
        present = 0;
        return this;
    }
}
