package dev.baton.spi.http;

import dev.baton.spi.threading.AnyThread;
import io.netty.util.AsciiString;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/**
 * The value of a Date field for now, as in {@code Sun, 06 Nov 1994 08:49:37 GMT} (RFC 9110, sections 5.6.7 and 6.6.1).
 * A server that has a clock puts one into each answer of its own, and into each that it passes on without one.
 */
public final class HttpDate {
    private static final DateTimeFormatter FORMAT = DateTimeFormatter.ofPattern(
                    "EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    /** Shared by all threads without a fence: its fields are final, and one that is a second old is only made anew. */
    private static HttpDate latest = new HttpDate(0);

    private final long second;
    private final AsciiString text;

    private HttpDate(long second) {
        this.second = second;
        text = new AsciiString(FORMAT.format(Instant.ofEpochSecond(second)));
    }

    /**
     * Says what time it is.
     *
     * @return the text, in ASCII; the same object for a second, because it is formatted once. The cost is that of
     *     reading the clock
     */
    @AnyThread
    public static CharSequence now() {
        return at(System.currentTimeMillis());
    }

    /** As {@link #now}, for another time in milliseconds since 1970. */
    static CharSequence at(long millis) {
        long second = Math.floorDiv(millis, 1_000L);
        HttpDate known = latest;
        if (known.second != second) {
            known = new HttpDate(second);
            latest = known;
        }
        return known.text;
    }
}
