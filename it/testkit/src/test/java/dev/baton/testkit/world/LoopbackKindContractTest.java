package dev.baton.testkit.world;

import dev.baton.spi.listener.ListenerKind;
import dev.baton.testkit.ListenerContract;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.List;

/** The kind of listener that stands in keeps every promise of one. */
class LoopbackKindContractTest extends ListenerContract {

    @Override
    protected ListenerKind kind() {
        return new LoopbackKind();
    }

    @Override
    protected String freeBind(Path temporary) {
        return "127.0.0.1:0";
    }

    @Override
    protected List<String> wrongBinds() {
        return List.of("127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:http", "127.0.0.1:-1");
    }

    @Override
    protected List<String> foreignBinds() {
        return List.of("127.0.0.2:80", "[::1]:80", "*:80", "unix:/tmp/x");
    }

    @Override
    protected SocketAddress connectTo(String address) {
        int colon = address.lastIndexOf(':');
        return new InetSocketAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
    }
}
