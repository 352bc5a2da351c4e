package dev.baton.plugin.http.exchange;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The path of a target as routes see it: with escapes decoded and several slashes taken for one. What goes on to a
 * server is the target as it was sent.
 */
public final class Path {
    static final Path ROOT = new Path("/", 1, false);

    private final String text;
    private final int slashes;
    private final boolean ambiguous;

    private Path(String text, int slashes, boolean ambiguous) {
        this.text = text;
        this.slashes = slashes;
        this.ambiguous = ambiguous;
    }

    /** What may stand in a request for a target: visible ASCII without what begins a fragment: those do not travel. */
    public static boolean isTarget(String target) {
        for (int i = 0; i < target.length(); i++) {
            char c = target.charAt(i);
            if (c <= ' ' || c >= 0x7f || c == '#') {
                return false;
            }
        }
        return !target.isEmpty();
    }

    /** That of a target, which may have a query. */
    static Path of(String target) {
        int query = target.indexOf('?');
        int end = query < 0 ? target.length() : query;
        int slashes = 0;
        boolean plain = true;
        for (int i = 0; i < end; i++) {
            char c = target.charAt(i);
            if (c == '/') {
                slashes++;
                plain &= i + 1 == end || (target.charAt(i + 1) != '/' && target.charAt(i + 1) != '.');
            } else if (c == '%' || c == '\\') {
                plain = false;
            }
        }
        String path = end == target.length() ? target : target.substring(0, end);
        if (plain) {
            return new Path(path, slashes, false);
        }
        String decoded = decoded(path);
        if (decoded == null) {
            return new Path(path, slashes, true);
        }
        return new Path(decoded, (int) decoded.chars().filter(c -> c == '/').count(), isAmbiguous(decoded));
    }

    /**
     * A server that resolves {@code ..}, or that takes a backslash for a slash, sees another path than one that does
     * not.
     */
    private static boolean isAmbiguous(String decoded) {
        String closed = decoded + "/";
        return closed.contains("/./")
                || closed.contains("/../")
                || decoded.chars().anyMatch(c -> c == '\\' || c < ' ' || c == 0x7f);
    }

    /** Null if an escape is broken. */
    private static @Nullable String decoded(String path) {
        byte[] out = new byte[path.length()];
        int length = 0;
        for (int i = 0; i < path.length(); i++) {
            int c = path.charAt(i);
            if (c == '%') {
                int high = i + 2 < path.length() ? Character.digit(path.charAt(i + 1), 16) : -1;
                int low = i + 2 < path.length() ? Character.digit(path.charAt(i + 2), 16) : -1;
                if (high < 0 || low < 0) {
                    return null;
                }
                c = 16 * high + low;
                i += 2;
            }
            if (c != '/' || length == 0 || out[length - 1] != '/') {
                out[length++] = (byte) c;
            }
        }
        return new String(out, 0, length, StandardCharsets.ISO_8859_1);
    }

    /** The path. */
    String text() {
        return text;
    }

    /** The path with escapes where it needs them, and nowhere else. */
    String encoded() {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean plain = c < 0x80 && (Character.isLetterOrDigit(c) || "/-._~!$&'()*+,;=:@".indexOf(c) >= 0);
            if (plain) {
                out.append(c);
            } else {
                out.append(String.format("%%%02X", (int) c));
            }
        }
        return out.toString();
    }

    /** How many slashes it has. */
    int slashes() {
        return slashes;
    }

    /** Two servers may understand it in two ways. */
    boolean ambiguous() {
        return ambiguous;
    }

    /** The path up to and with its n-th slash, from 1 on. */
    String upTo(int slash) {
        int at = -1;
        for (int i = 0; i < slash; i++) {
            at = text.indexOf('/', at + 1);
        }
        return text.substring(0, at + 1);
    }
}
