package dev.baton.runtime.launcher.rehearsal;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A listener of the process, as a client reaches it.
 *
 * @param listener its name in the configuration
 * @param service the service's name
 * @param address where a client connects to
 * @param http whether requests can be sent; if not, a client only keeps a connection open
 * @param tls whether a TLS handshake comes first
 */
record Endpoint(String listener, String service, SocketAddress address, boolean http, boolean tls) {
    private static final String UNIX = "unix:";
    private static final String HTTP_1_1 = "http/1.1";
    private static final String TLS = "tls";

    /**
     * The endpoint of an element of {@code /v1/listeners}.
     *
     * @param adminHost the host of the admin address, on which a listener of all addresses is asked
     * @return null if it does not listen, or where no client can connect to by its address
     */
    static @Nullable Endpoint of(JsonObject row, String adminHost) {
        SocketAddress address = address(row.getString("address", ""), adminHost);
        if (address == null || !"ready".equals(row.getString("state"))) {
            return null;
        }
        return new Endpoint(
                row.getString("name", ""),
                row.getString("service", ""),
                address,
                row.getJsonArray("protocols", new JsonArray()).contains(HTTP_1_1),
                row.getJsonArray("filters", new JsonArray()).contains(TLS));
    }

    private static @Nullable SocketAddress address(String text, String adminHost) {
        if (text.startsWith(UNIX)) {
            return UnixDomainSocketAddress.of(Path.of(text.substring(UNIX.length())));
        }
        int colon = text.lastIndexOf(':');
        if (colon < 0 || !text.substring(colon + 1).matches("[0-9]{1,5}")) {
            return null;
        }
        String host = text.substring(0, colon);
        int port = Integer.parseInt(text.substring(colon + 1));
        InetSocketAddress address = new InetSocketAddress(isAny(host) ? adminHost : host, port);
        return address.isUnresolved() ? null : address;
    }

    private static boolean isAny(String host) {
        return host.equals("0.0.0.0") || host.equals("[::]") || host.equals("[0:0:0:0:0:0:0:0]") || host.equals("*");
    }

    /** What a client says in the field {@code Host}, if it is not told otherwise. */
    String authority() {
        return address instanceof InetSocketAddress ip ? ip.getHostString() + ":" + ip.getPort() : "localhost";
    }

    /** Where it is, for a person: {@code web (https://127.0.0.1:8443)}. */
    String shown() {
        String scheme = http ? (tls ? "https://" : "http://") : (tls ? "tls " : "");
        String where =
                address instanceof InetSocketAddress ip ? ip.getHostString() + ":" + ip.getPort() : UNIX + address;
        return listener + " (" + scheme + where + ")";
    }
}
