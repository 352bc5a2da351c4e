package dev.baton.plugin.http.exchange;

import dev.baton.plugin.http.config.ForwardedConfig;
import dev.baton.spi.config.AddressSet;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/** Proxies in front of this one, whose word about clients counts. Immutable. */
final class TrustedProxies {
    private final AddressSet networks;

    TrustedProxies(ForwardedConfig config) {
        networks = AddressSet.of(config.trust());
    }

    /** No proxy is trusted. */
    boolean isEmpty() {
        return networks.isEmpty();
    }

    /** True if what a peer says of its clients counts. */
    boolean contain(@Nullable SocketAddress peer) {
        return peer instanceof InetSocketAddress address
                && address.getAddress() != null
                && networks.contains(address.getAddress());
    }

    /**
     * The client of a request that a trusted peer has sent: the last one in its {@code X-Forwarded-For} fields that is
     * no trusted proxy itself, because what stands before that is hearsay.
     */
    SocketAddress client(SocketAddress peer, HeaderFields fields) {
        InetAddress client = null;
        int last = -1;
        for (int i = fields.indexOf(FieldKind.X_FORWARDED_FOR, 0);
                i >= 0;
                i = fields.indexOf(FieldKind.X_FORWARDED_FOR, i + 1)) {
            last = i;
        }
        for (int i = last; i >= 0; i--) {
            if (fields.kind(i) != FieldKind.X_FORWARDED_FOR) {
                continue;
            }
            String[] hops = fields.value(i).toString().split(",", -1);
            for (int hop = hops.length - 1; hop >= 0; hop--) {
                InetAddress address = parse(hops[hop].trim());
                if (address == null) {
                    return client == null ? peer : new InetSocketAddress(client, 0);
                }
                client = address;
                if (!networks.contains(address)) {
                    return new InetSocketAddress(address, 0);
                }
            }
        }
        return client == null ? peer : new InetSocketAddress(client, 0);
    }

    /** An address, perhaps with a port; null if it is none. */
    private static @Nullable InetAddress parse(String hop) {
        String text = hop;
        if (text.startsWith("[")) {
            int end = text.indexOf(']');
            text = end < 0 ? "" : text.substring(1, end);
        } else if (text.indexOf(':') >= 0 && text.indexOf(':') == text.lastIndexOf(':')) {
            text = text.substring(0, text.indexOf(':'));
        }
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(text);
        try {
            return bytes == null ? null : InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new AssertionError(e); // of 4 or 16 bytes
        }
    }
}
