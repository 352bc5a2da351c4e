package dev.baton.examples.portrange;

import dev.baton.examples.portrange.PortRangePlugin.PortRange;
import dev.baton.spi.listener.ListenerKind;
import dev.baton.testkit.ListenerContract;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.List;

/** The kind keeps every promise of a kind of listener. */
class PortRangeContractTest extends ListenerContract {
    private static final int PORTS = 100;

    /** A range that begins at a port that is free now, or was taken meanwhile: then the next one does. */
    static String range() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int first = Math.min(socket.getLocalPort(), 65_535 - PORTS);
            return "range@127.0.0.1:" + first + "-" + (first + PORTS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static InetSocketAddress address(String bound) {
        int colon = bound.lastIndexOf(':');
        return new InetSocketAddress(
                bound.substring(bound.indexOf('@') + 1, colon), Integer.parseInt(bound.substring(colon + 1)));
    }

    @Override
    protected ListenerKind kind() {
        return new PortRange();
    }

    @Override
    protected String freeBind(Path temporary) {
        return range();
    }

    @Override
    protected List<String> wrongBinds() {
        return List.of(
                "range@127.0.0.1",
                "range@localhost:1-2",
                "range@127.0.0.256:1-2",
                "range@127.0.0.1:9-8",
                "range@127.0.0.1:0-8",
                "range@127.0.0.1:8-65536",
                "range@127.0.0.1:8-");
    }

    @Override
    protected List<String> foreignBinds() {
        return List.of("127.0.0.1:9000", "unix:/tmp/x", "fd@3", "/tmp/x");
    }

    @Override
    protected SocketAddress connectTo(String address) {
        return address(address);
    }
}
