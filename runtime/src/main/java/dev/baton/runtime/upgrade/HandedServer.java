package dev.baton.runtime.upgrade;

import dev.baton.spi.posix.AbstractUnixAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;

/**
 * The listening socket of a server that is no listener of the configuration, the admin API's for example.
 *
 * @param address where it listens, as the kernel tells it
 * @param number the kernel's number in this process
 */
public record HandedServer(SocketAddress address, int number) {
    private static final String UNIX = "unix:";
    private static final String UNIX_ABSTRACT = UNIX + "@";

    /**
     * Bytes of an address and a port, or {@code unix:} and a path or a name, for packets; empty for what is not handed
     * over.
     */
    static String text(SocketAddress address) {
        if (address instanceof InetSocketAddress inet && inet.getAddress() != null) {
            StringBuilder text = new StringBuilder();
            for (byte each : inet.getAddress().getAddress()) {
                text.append(Character.forDigit((each >> 4) & 15, 16)).append(Character.forDigit(each & 15, 16));
            }
            return text.append(':').append(inet.getPort()).toString();
        }
        if (address instanceof UnixDomainSocketAddress file) {
            return UNIX + file.getPath();
        }
        return address instanceof AbstractUnixAddress name ? UNIX + name : "";
    }

    static SocketAddress parse(String text) throws HandoffException {
        int colon = text.indexOf(':');
        try {
            if (text.startsWith(UNIX_ABSTRACT)) {
                return new AbstractUnixAddress(text.substring(UNIX_ABSTRACT.length()));
            } else if (text.startsWith(UNIX)) {
                return UnixDomainSocketAddress.of(text.substring(UNIX.length()));
            }
            byte[] bytes = new byte[Math.max(0, colon) / 2];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) Integer.parseInt(text.substring(2 * i, 2 * i + 2), 16);
            }
            return new InetSocketAddress(InetAddress.getByAddress(bytes), Integer.parseInt(text.substring(colon + 1)));
        } catch (UnknownHostException | IllegalArgumentException e) {
            throw new HandoffException("\"" + text + "\" is no address", e);
        }
    }
}
