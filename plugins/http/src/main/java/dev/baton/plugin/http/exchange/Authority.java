package dev.baton.plugin.http.exchange;

import io.netty.util.NetUtil;

/**
 * The grammar of a host with or without a port, as it stands in a Host field and in a target (RFC 9110, section 7.2,
 * and RFC 3986, section 3.2.2). User names do not belong there (RFC 9110, section 4.2.4). A list is refused although a
 * comma may stand in a name.
 */
public final class Authority {
    private static final int PORT_MAX = 65_535;

    /** By character: what may stand in a name. Of a percent sign two hex digits are the rest. */
    private static final boolean[] IN_NAME = new boolean[128];

    static {
        for (char c : "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+;=".toCharArray()) {
            IN_NAME[c] = true;
        }
    }

    private Authority() {}

    /** True for a host that is not empty, and a port if there is a colon: digits up to 65535, or nothing. */
    public static boolean isValid(String text) {
        int end = text.startsWith("[") ? addressEnd(text) : nameEnd(text);
        return end > 0 && (end == text.length() || (text.charAt(end) == ':' && isPort(text, end + 1)));
    }

    /** True for a host and a port, as the target of a CONNECT is. */
    public static boolean isWithPort(String text) {
        int last = text.length() - 1;
        return isValid(text) && text.lastIndexOf(':') > text.lastIndexOf(']') && text.charAt(last) != ':';
    }

    /** The index behind the name; -1 if there is none. */
    private static int nameEnd(String text) {
        int i = 0;
        for (; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '%' && isHex(text, i + 1) && isHex(text, i + 2)) {
                i += 2;
            } else if (c >= 128 || !IN_NAME[c]) {
                break;
            }
        }
        return i;
    }

    /** The index behind an IPv6 address in brackets; -1 if that is none. A zone means nothing on another machine. */
    private static int addressEnd(String text) {
        int close = text.indexOf(']');
        if (close < 0) {
            return -1;
        }
        String address = text.substring(1, close);
        return address.indexOf('%') < 0 && address.indexOf('[') < 0 && NetUtil.isValidIpV6Address(address)
                ? close + 1
                : -1;
    }

    private static boolean isHex(String text, int at) {
        return at < text.length() && text.charAt(at) < 128 && Character.digit(text.charAt(at), 16) >= 0;
    }

    private static boolean isPort(String text, int from) {
        int port = 0;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return false;
            }
            port = Math.min(10 * port + (c - '0'), PORT_MAX + 1);
        }
        return port <= PORT_MAX;
    }
}
