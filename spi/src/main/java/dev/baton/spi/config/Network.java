package dev.baton.spi.config;

import io.netty.util.NetUtil;
import java.util.Arrays;

/**
 * All addresses that begin with the same bits (CIDR, RFC 4632 section 3.1, RFC 4291 section 2.3).
 *
 * @param first the lowest address, of 4 or 16 bytes
 * @param last the highest address
 */
@SuppressWarnings("ArrayRecordComponent") // networks are not compared
record Network(byte[] first, byte[] last) {
    private static final int BITS = 8;

    /**
     * Parses {@code 192.0.2.0/24}, {@code 2001:db8::/32}, or a single address.
     *
     * @throws IllegalArgumentException with a message for a person
     */
    static Network parse(String text) {
        int slash = text.indexOf('/');
        String host = slash < 0 ? text : text.substring(0, slash);
        byte[] first = host.indexOf('%') >= 0 || host.startsWith("[")
                ? null
                : NetUtil.createByteArrayFromIpAddressString(host);
        if (first == null) {
            throw new IllegalArgumentException(
                    "'" + text + "' is no network: expected one such as 10.0.0.0/8 or fd00::/8");
        }
        int all = first.length * BITS;
        int prefix = slash < 0 ? all : prefix(text, text.substring(slash + 1), all);
        byte[] last = first.clone();
        byte[] lowest = first.clone();
        for (int i = 0; i < first.length; i++) {
            int free = Math.min(BITS, Math.max(0, (i + 1) * BITS - prefix));
            int mask = (1 << free) - 1;
            last[i] |= (byte) mask;
            lowest[i] &= (byte) ~mask;
        }
        if (!Arrays.equals(first, lowest)) {
            throw new IllegalArgumentException("'" + text + "' has bits beyond its prefix: did you mean "
                    + NetUtil.bytesToIpAddress(lowest) + "/" + prefix + "?");
        }
        return new Network(first, last);
    }

    private static int prefix(String text, String digits, int max) {
        if (digits.matches("0|[1-9][0-9]{0,2}")) {
            int prefix = Integer.parseInt(digits);
            if (prefix <= max) {
                return prefix;
            }
        }
        throw new IllegalArgumentException("'" + text + "' has no prefix length from 0 to " + max);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Network network
                && Arrays.equals(first, network.first)
                && Arrays.equals(last, network.last);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(first) + Arrays.hashCode(last);
    }

    @Override
    public String toString() {
        return NetUtil.bytesToIpAddress(first) + " to " + NetUtil.bytesToIpAddress(last);
    }
}
