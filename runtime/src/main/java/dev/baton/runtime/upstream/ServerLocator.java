package dev.baton.runtime.upstream;

import dev.baton.runtime.config.ServerAddress;
import dev.baton.spi.loop.Loop;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** Where one server is now: a literal address, a name to look up at each connect, or a listener of this process. */
final class ServerLocator {

    /** Is told where the server is, on the loop that asked, once; at once if that is known. */
    interface Found {
        void at(SocketAddress address);

        void nowhere(IOException cause);
    }

    private final String text;
    private final UpstreamEnv env;
    private final @Nullable String listener;
    private final @Nullable InetSocketAddress literal;
    private final @Nullable InetSocketAddress name;

    /**
     * A server.
     *
     * @param text {@code host:port}, {@code [ipv6]:port} or {@code listener:NAME}
     * @throws IllegalArgumentException if it is none of these
     */
    ServerLocator(String text, UpstreamEnv env) {
        this.text = text;
        this.env = env;
        this.listener = ServerAddress.listener(text).orElse(null);
        if (listener != null) {
            literal = null;
            name = null;
            return;
        }
        int colon = text.lastIndexOf(':');
        if (colon <= 0) {
            throw new IllegalArgumentException("server '" + text + "': expected host:port");
        }
        String host = text.substring(0, colon);
        int port = Integer.parseInt(text.substring(colon + 1));
        boolean brackets = host.startsWith("[") && host.endsWith("]");
        InetAddress address = literal(brackets ? host.substring(1, host.length() - 1) : host);
        if (brackets && !(address instanceof Inet6Address)) {
            throw new IllegalArgumentException("server '" + text + "': no IPv6 address in the brackets");
        }
        literal = address == null ? null : new InetSocketAddress(address, port);
        name = address == null ? InetSocketAddress.createUnresolved(host, port) : null;
    }

    private static @Nullable InetAddress literal(String host) {
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(host);
        if (bytes == null) {
            return null;
        }
        try {
            // With a scope (fe80::1%eth0) only the text tells it; a literal is parsed, never looked up.
            return host.indexOf('%') >= 0 ? InetAddress.getByName(host) : InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("address '" + host + "': " + e.getMessage(), e);
        }
    }

    /** True if a connection to this address may be one to the server: of a name only the port is known. */
    boolean mayBeAt(SocketAddress peer) {
        if (literal != null) {
            return literal.equals(peer);
        }
        return name != null && peer instanceof InetSocketAddress inet && inet.getPort() == name.getPort();
    }

    /** Finds the server. The caller is the loop's thread. */
    void locate(Loop loop, Found found) {
        if (literal != null) {
            found.at(literal);
        } else if (listener != null) {
            SocketAddress bound = env.listeners().addressOf(listener);
            if (bound == null) {
                found.nowhere(new ConnectException("cannot connect to " + text + ": it is not bound"));
            } else {
                found.at(bound);
            }
        } else if (name != null) {
            lookUp(name, loop, found);
        }
    }

    private void lookUp(InetSocketAddress wanted, Loop loop, Found found) {
        Future<InetSocketAddress> answer =
                env.resolver().getResolver(loop.eventLoop()).resolve(wanted);
        if (answer.isDone()) {
            tell(answer, found);
            return;
        }
        answer.addListener((Future<InetSocketAddress> done) -> {
            if (loop.inLoop()) {
                tell(done, found);
            } else {
                try {
                    loop.execute(() -> tell(done, found));
                } catch (RejectedExecutionException ended) {
                    // Whoever asked may live on elsewhere, and would wait for ever.
                    found.nowhere(
                            new ConnectException("cannot connect to " + text + ": the loop that asked has ended"));
                }
            }
        });
    }

    private void tell(Future<InetSocketAddress> answer, Found found) {
        if (answer.isSuccess()) {
            found.at(answer.getNow());
            return;
        }
        Throwable cause = answer.cause();
        UnknownHostException unknown = new UnknownHostException("cannot resolve " + text + ": " + cause.getMessage());
        unknown.initCause(cause);
        found.nowhere(unknown);
    }
}
