package dev.baton.runtime.upstream;

import dev.baton.runtime.config.ServerAddress;
import dev.baton.runtime.upstream.LookedUpName.Answers;
import dev.baton.spi.loop.Loop;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.net.ConnectException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Where one server is now: a literal address, the addresses of a name, or a listener of this process. What stands for
 * the servers of a service is nowhere: those who ask for it wait until they are known, and then ask one of them.
 */
final class ServerLocator {

    /** Is told where the server is, on the loop that asked, once; at once if that is known. */
    interface Found {
        /** It has this one. */
        void at(Endpoint only, SocketAddress address);

        /**
         * It has these addresses, more than one.
         *
         * @param first the one whose turn it is
         */
        void at(List<Endpoint> endpoints, int first);

        void nowhere(IOException cause);
    }

    private final String text;
    private final boolean complete;
    private final UpstreamEnv env;
    private final @Nullable String listener;
    private final @Nullable ServiceName service;
    private final @Nullable HostName name;
    private final int port;
    private final AtomicInteger turn = new AtomicInteger();
    private volatile @Nullable Runnable watcher;
    private final AtomicReference<Known> known = new AtomicReference<>(new Known(Answers.none(), Endpoints.NONE));

    /**
     * Where it is.
     *
     * @param addresses what that was made of
     */
    private record Known(Answers<InetAddress> addresses, Endpoints endpoints) {}

    /**
     * A server.
     *
     * @param text {@code host:port}, {@code [ipv6]:port}, {@code listener:NAME} or {@code srv:NAME}
     * @throws IllegalArgumentException if it is none of these
     */
    ServerLocator(String text, UpstreamEnv env) {
        this(text, false, env);
    }

    /**
     * A server.
     *
     * @param complete whether its name is complete, as that of a target of an SRV record is: it is looked up without
     *     the search list
     */
    ServerLocator(String text, boolean complete, UpstreamEnv env) {
        this.text = text;
        this.complete = complete;
        this.env = env;
        this.listener = ServerAddress.listener(text).orElse(null);
        this.service = ServerAddress.service(text).map(env.names()::service).orElse(null);
        if (service != null) {
            name = null;
            port = 0;
            return;
        }
        if (listener != null) {
            name = null;
            port = 0;
            // Where that really is only the listener knows, at each connect.
            only(InetSocketAddress.createUnresolved(text, port));
            return;
        }
        int colon = text.lastIndexOf(':');
        if (colon <= 0) {
            throw new IllegalArgumentException("server '" + text + "': expected host:port");
        }
        String host = text.substring(0, colon);
        port = Integer.parseInt(text.substring(colon + 1));
        boolean brackets = host.startsWith("[") && host.endsWith("]");
        InetAddress address = literal(brackets ? host.substring(1, host.length() - 1) : host);
        if (brackets && !(address instanceof Inet6Address)) {
            throw new IllegalArgumentException("server '" + text + "': no IPv6 address in the brackets");
        }
        if (address == null) {
            name = env.names().name(complete ? HostNames.complete(host) : host);
        } else {
            name = null;
            only(new InetSocketAddress(address, port));
        }
    }

    private Known seen() {
        return Objects.requireNonNull(known.get());
    }

    private void only(InetSocketAddress address) {
        known.set(new Known(Answers.none(), new Endpoints(List.of(new Endpoint(text, address)), List.of())));
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

    // ---- the addresses ----------------------------------------------------------------------------------------------

    /** Where it is now, as far as is known: two reads where nothing has changed. Any thread. */
    @SuppressWarnings("ReferenceEquality") // a changed one is another object; to compare values would cost every take
    Endpoints endpoints() {
        HostName of = name;
        if (of == null) {
            return seen().endpoints;
        }
        while (true) {
            Known before = seen();
            Answers<InetAddress> now = of.answers();
            if (before.addresses == now) {
                return before.endpoints;
            }
            Known after = new Known(
                    now,
                    new Endpoints(
                            now.current().stream()
                                    .map(address -> endpoint(before, address))
                                    .toList(),
                            now.held().stream()
                                    .map(held -> endpoint(before, held.what()))
                                    .toList()));
            if (known.compareAndSet(before, after)) {
                return after.endpoints;
            }
        }
    }

    /** The same object as before, if there was one: connections and failures belong to it. */
    private Endpoint endpoint(Known before, InetAddress address) {
        InetSocketAddress wanted = new InetSocketAddress(address, port);
        Endpoint there = before.endpoints.at(wanted);
        return there == null ? new Endpoint(text, wanted) : there;
    }

    /** Where the same host has another port; to be closed apart. */
    ServerLocator atPort(int other) {
        return new ServerLocator(text.substring(0, text.lastIndexOf(':') + 1) + other, complete, env);
    }

    /** The name of the service whose servers it stands for; null if it is a server. */
    @Nullable
    ServiceName service() {
        return service;
    }

    /** Whether it has a name that is known to have no address now. */
    boolean isNowhere() {
        return name != null ? name.isNowhere() : service != null && service.isNowhere();
    }

    /** Why it is nowhere. */
    String failure() {
        return name != null ? name.failure() : service != null ? service.failure() : "";
    }

    /** Runs a task whenever the addresses, or {@link #isNowhere}, have changed, never on a loop. Call it once. */
    void watch(Runnable task) {
        if (name != null) {
            watcher = task;
            name.watch(task);
        }
    }

    /** The server is forgotten: its name is not looked up for it. */
    void close() {
        if (name != null) {
            Runnable task = watcher;
            if (task != null) {
                name.unwatch(task);
            }
            env.names().release(name);
        }
    }

    /** Whether this is an address of the server now; false as long as its name is not known. */
    boolean isAt(SocketAddress peer) {
        return listener == null && endpoints().at(peer) != null;
    }

    // ---- for a connect ----------------------------------------------------------------------------------------------

    /** Finds the server. The caller is the loop's thread. */
    void locate(Loop loop, Found found) {
        if (listener != null) {
            SocketAddress bound = env.listeners().addressOf(listener);
            if (bound == null) {
                found.nowhere(new ConnectException("cannot connect to " + text + ": it is not bound"));
            } else {
                found.at(endpoints().current().get(0), bound);
            }
            return;
        }
        if (service != null) {
            locate(loop, service, found);
        } else if (name == null || !endpoints().current().isEmpty()) {
            tell(found);
        } else if (!name.afterLookup(() -> tell(loop, found))) {
            found.nowhere(tooMany());
        }
    }

    /** Waits until its servers are known, or why there are none. */
    private void locate(Loop loop, ServiceName of, Found found) {
        if (!of.answers().current().isEmpty()) {
            found.nowhere(superseded());
        } else if (!of.afterLookup(() -> tell(loop, found))) {
            found.nowhere(tooMany());
        }
    }

    /** It is not to blame: since it was chosen, the servers that it stands for have become known. */
    private IOException superseded() {
        return new IOException("the servers of " + text + " are known now: one of them is to be asked");
    }

    private UnknownHostException tooMany() {
        return new UnknownHostException("cannot resolve " + text + ": too many requests wait for the answer");
    }

    /** After a lookup, on the thread that has heard of it. */
    private void tell(Loop loop, Found found) {
        if (loop.inLoop()) {
            tell(found);
            return;
        }
        try {
            loop.execute(() -> tell(found));
        } catch (RejectedExecutionException ended) {
            // The caller may live on elsewhere, and would wait for ever.
            found.nowhere(new ConnectException("cannot connect to " + text + ": the loop that asked has ended"));
        }
    }

    private void tell(Found found) {
        List<Endpoint> current = endpoints().current();
        if (service != null && !service.answers().current().isEmpty()) {
            found.nowhere(superseded());
        } else if (current.isEmpty()) {
            found.nowhere(new UnknownHostException("cannot resolve " + text + ": " + failure()));
        } else if (current.size() == 1) {
            found.at(current.get(0), current.get(0).address());
        } else {
            found.at(current, Math.floorMod(turn.getAndIncrement(), current.size()));
        }
    }
}
