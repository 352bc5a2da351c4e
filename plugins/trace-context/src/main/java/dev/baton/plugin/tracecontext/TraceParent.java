package dev.baton.plugin.tracecontext;

import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The value of a field {@code traceparent}: to which trace a request belongs, and which span has sent it.
 *
 * <pre>
 *   00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
 *   version  trace id                   span id          flags: 01 sampled, 02 random trace id
 * </pre>
 *
 * @param traceId 32 hexadecimal digits in lower case, not all 0
 * @param spanId 16 of them, not all 0
 * @param flags 2 of them
 * @see <a href="https://www.w3.org/TR/trace-context/#traceparent-header">Trace Context, section 3.2</a>
 */
record TraceParent(String traceId, String spanId, String flags) {
    private static final Pattern FORM =
            Pattern.compile("(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?");
    private static final String VERSION = "00";
    private static final int TRACE_ID = 3;
    private static final int SPAN_ID = 36;
    private static final int FLAGS = 53;
    private static final int LENGTH = 55;
    private static final int LENGTH_MAX = 512;
    private static final String SAMPLED = "03";
    private static final String NOT_SAMPLED = "02";

    /** Reads a value; null if it is none. Of a later version the part is read that this one has (section 4.3). */
    static @Nullable TraceParent parse(String text) {
        if (text.length() < LENGTH
                || text.length() > LENGTH_MAX
                || (text.startsWith(VERSION) && text.length() > LENGTH)
                || !FORM.matcher(text).matches()) {
            return null;
        }
        return new TraceParent(
                text.substring(TRACE_ID, SPAN_ID - 1),
                text.substring(SPAN_ID, FLAGS - 1),
                text.substring(FLAGS, LENGTH));
    }

    /** One that begins a trace. */
    static TraceParent begin(boolean sampled) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        long low;
        long span;
        do {
            low = random.nextLong();
            span = random.nextLong();
        } while (low == 0 || span == 0); // all 0 means none
        return new TraceParent(hex(random.nextLong()) + hex(low), hex(span), sampled ? SAMPLED : NOT_SAMPLED);
    }

    private static String hex(long bits) {
        String digits = Long.toHexString(bits);
        return "0".repeat(Long.SIZE / 4 - digits.length()) + digits;
    }

    @Override
    public String toString() {
        return VERSION + "-" + traceId + "-" + spanId + "-" + flags;
    }
}
