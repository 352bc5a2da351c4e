package dev.baton.plugin.unixlistener;

import dev.baton.spi.listener.ListenerKind;
import dev.baton.testkit.ListenerContract;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.List;

/** Unix sockets with a path keep every promise of a kind of listener. */
class UnixListenerContractTest extends ListenerContract {

    @Override
    protected ListenerKind kind() {
        return new UnixListenerKind();
    }

    @Override
    protected String freeBind(Path temporary) {
        return "unix:" + temporary.resolve("listener.sock");
    }

    @Override
    protected List<String> wrongBinds() {
        return List.of("unix:", "unix:@", "unix:/" + "x".repeat(200), "unix:@" + "x".repeat(108));
    }

    @Override
    protected List<String> foreignBinds() {
        return List.of("127.0.0.1:80", "[::1]:80", "fd@3");
    }

    @Override
    protected SocketAddress connectTo(String address) {
        return UnixDomainSocketAddress.of(address.substring("unix:".length()));
    }
}
