package __package__;

import dev.baton.spi.listener.ListenerKind;
import dev.baton.testkit.ListenerContract;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.List;

/** The kind of listener alone: the contract has the rules that every kind keeps. */
class __Name__Test extends ListenerContract {

    @Override
    protected ListenerKind kind() {
        return new __Name__Kind();
    }

    @Override
    protected String freeBind(Path temporary) {
        return "__id__@0";
    }

    @Override
    protected List<String> wrongBinds() {
        return List.of("__id__@", "__id__@65536", "__id__@http");
    }

    @Override
    protected List<String> foreignBinds() {
        return List.of("127.0.0.1:80", "unix:/tmp/x", "fd@3");
    }

    @Override
    protected SocketAddress connectTo(String address) {
        return new InetSocketAddress("127.0.0.1", Integer.parseInt(address.substring("__id__@".length())));
    }
}
