package dev.baton.spi.upstream;

import org.jspecify.annotations.Nullable;

/** Reads a {@code Cookie} field (RFC 6265 section 4.2.1): pairs of name and value with {@code "; "} between them. */
final class Cookies {
    private Cookies() {}

    /** The value of the first cookie of a name, without white space around it; null if there is none. */
    static @Nullable String find(String pairs, String name) {
        int from = 0;
        while (from < pairs.length()) {
            int end = pairs.indexOf(';', from);
            end = end < 0 ? pairs.length() : end;
            int equals = pairs.indexOf('=', from);
            if (equals >= 0 && equals < end && isName(pairs, from, equals, name)) {
                return pairs.substring(equals + 1, end).strip();
            }
            from = end + 1;
        }
        return null;
    }

    private static boolean isName(String pairs, int from, int to, String name) {
        int begin = from;
        int end = to;
        while (begin < end && pairs.charAt(begin) <= ' ') {
            begin++;
        }
        while (end > begin && pairs.charAt(end - 1) <= ' ') {
            end--;
        }
        return end - begin == name.length() && pairs.startsWith(name, begin);
    }
}
