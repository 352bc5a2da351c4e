package dev.baton.runtime.channel;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;

/**
 * An IPv4 address and a port, a peer's or a connection's own, in one {@code long}: java.net needs four objects of 96
 * bytes for them, which an idle connection would keep although it is asked for once.
 */
final class InetPeer {
    /** Stands for no address, or one of another kind. */
    static final long NONE = 0;

    /** Set in every packed address, so that none is {@link #NONE}. */
    private static final long PACKED = 1L << 48;

    private InetPeer() {}

    /** The address as the kernel gave it, without a host name; {@link #NONE} if it is not an IPv4 one. */
    static long pack(SocketAddress address) {
        if (!(address instanceof InetSocketAddress inet) || !(inet.getAddress() instanceof Inet4Address inet4)) {
            return NONE;
        }
        byte[] octets = inet4.getAddress();
        long packed = PACKED;
        for (int i = 0; i < 4; i++) {
            packed |= (octets[i] & 0xFFL) << (40 - 8 * i);
        }
        return packed | inet.getPort();
    }

    static InetSocketAddress unpack(long packed) {
        byte[] octets = new byte[4];
        for (int i = 0; i < 4; i++) {
            octets[i] = (byte) (packed >>> (40 - 8 * i));
        }
        try {
            return new InetSocketAddress(InetAddress.getByAddress(octets), (int) (packed & 0xFFFF));
        } catch (UnknownHostException e) {
            throw new AssertionError("four octets are an address", e);
        }
    }
}
