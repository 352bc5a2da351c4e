package io.netty.testsuite.transport.socket;

import dev.baton.suites.Silence;
import dev.baton.suites.Sockets;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapComboFactory;
import io.netty.testsuite.transport.TestsuitePermutation.BootstrapFactory;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Stands before the class of Netty's test suite with this name, from which every test there gets its bootstraps: those
 * of {@link Sockets} take the place of NIO's.
 */
public class SocketTestPermutation {
    /** An address that does not answer. */
    static final String BAD_HOST = Silence.host();

    static final int BAD_PORT = Silence.port();
    /** A port below 1024 on which nothing listens. */
    public static final int UNASSIGNED_PORT = 4;

    /** Of all tests. */
    public static final SocketTestPermutation INSTANCE = new SocketTestPermutation();

    private final Sockets sockets = Sockets.chosen();

    /** Servers with clients. */
    public List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> socket() {
        return List.of(new BootstrapComboFactory<>() {
            @Override
            public ServerBootstrap newServerInstance() {
                return sockets.server();
            }

            @Override
            public Bootstrap newClientInstance() {
                return sockets.client();
            }
        });
    }

    /** The same: no fast open is promised. */
    public List<BootstrapComboFactory<ServerBootstrap, Bootstrap>> socketWithFastOpen() {
        return socket();
    }

    /** Servers alone. */
    public List<BootstrapFactory<ServerBootstrap>> serverSocket() {
        return List.of(sockets::server);
    }

    /** Clients alone. */
    public List<BootstrapFactory<Bootstrap>> clientSocket() {
        return List.of(sockets::client);
    }

    /** The same: no fast open is promised. */
    public List<BootstrapFactory<Bootstrap>> clientSocketWithFastOpen() {
        return clientSocket();
    }

    /** Two sockets for datagrams. */
    public List<BootstrapComboFactory<Bootstrap, Bootstrap>> datagram(@Nullable SocketProtocolFamily family) {
        return List.of(new BootstrapComboFactory<>() {
            @Override
            public Bootstrap newServerInstance() {
                return sockets.datagram(family);
            }

            @Override
            public Bootstrap newClientInstance() {
                return sockets.datagram(family);
            }
        });
    }

    /** One socket for datagrams. */
    public List<BootstrapFactory<Bootstrap>> datagramSocket() {
        return List.of(() -> sockets.datagram(null));
    }
}
