package dev.baton.runtime.channel;

import dev.baton.spi.posix.UnixServers;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The listening sockets of Netty's server channels (the admin API, what applications on Vert.x open), so that the next
 * process can continue with them: a bind of an address first asks here whether the process before has left a socket for
 * it.
 *
 * <p>Threading: any thread.
 */
public final class ServerSockets implements UnixServers {
    private static final Left NOTHING = wanted -> -1;

    private final Set<FdServerChannel> open = ConcurrentHashMap.newKeySet();
    private final Map<SocketAddress, UnixGuard> guards = new ConcurrentHashMap<>();
    private volatile Left left = NOTHING;
    private volatile Consumer<SocketAddress> closing = address -> {};

    /** None yet. */
    public ServerSockets() {}

    /** What the process before has left. */
    @FunctionalInterface
    public interface Left {
        /**
         * The number of a socket that is bound to this address and listens, which is the caller's from here on; else
         * -1.
         */
        int take(SocketAddress wanted);
    }

    /** What may be taken from now on. */
    public void left(Left sockets) {
        left = sockets;
    }

    @Override
    public void guard(Path file, int mode, List<String> users) {
        guards.put(UnixDomainSocketAddress.of(file), new UnixGuard(file, mode, users));
    }

    /** The guard of an address, or null if everybody may connect whom its file lets. */
    @Nullable
    UnixGuard guard(SocketAddress address) {
        return guards.get(address);
    }

    int take(SocketAddress wanted) {
        return left.take(wanted);
    }

    void opened(FdServerChannel channel) {
        open.add(channel);
    }

    void closed(FdServerChannel channel) {
        SocketAddress address = channel.localAddress();
        if (open.remove(channel) && address != null) {
            closing.accept(address);
        }
    }

    /** Those that listen now. */
    public List<FdServerChannel> open() {
        return List.copyOf(open);
    }

    /**
     * Another process accepts from all of them: none does here, until {@link #takenBack}. What was accepted stays.
     *
     * @param keeps whether the sockets are kept open for that
     */
    public void handedOver(boolean keeps) {
        for (FdServerChannel channel : open) {
            channel.handedOver();
            if (!keeps) {
                channel.close();
            }
        }
    }

    /** The process that went on with them is gone: all that are still open accept again. */
    public void takenBack() {
        open.forEach(FdServerChannel::takenBack);
    }

    /**
     * After {@link #handedOver}: the other process has let go of the sockets of these addresses, so they are closed
     * here.
     */
    public void dropped(Collection<SocketAddress> addresses) {
        for (FdServerChannel channel : open) {
            if (addresses.contains(channel.localAddress())) {
                channel.close();
            }
        }
    }

    /** From now on the address of each that is closed is told, before its socket is. */
    public void whenClosing(Consumer<SocketAddress> told) {
        closing = told;
    }
}
