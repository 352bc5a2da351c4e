package dev.baton.plugin.tcplistener;

import dev.baton.spi.listener.ListenerKind;
import dev.baton.testkit.ListenerContract;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.List;

/** TCP keeps every promise of a kind of listener. */
class TcpListenerContractTest extends ListenerContract {

    @Override
    protected ListenerKind kind() {
        return new TcpListenerKind();
    }

    @Override
    protected String freeBind(Path temporary) {
        return "127.0.0.1:0";
    }

    @Override
    protected List<String> wrongBinds() {
        return List.of(
                "127.0.0.1", "127.0.0.1:65536", "127.1:80", "::1:80", "[::1]", ":80", "a b:80", "[127.0.0.1]:80");
    }

    @Override
    protected List<String> foreignBinds() {
        return List.of("unix:/tmp/x", "unix:@x", "fd@3", "/tmp/x");
    }

    @Override
    protected SocketAddress connectTo(String address) {
        int colon = address.lastIndexOf(':');
        return new InetSocketAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
    }
}
