package dev.baton.runtime.pack;

import dev.baton.runtime.channel.PackedSocket;
import java.net.SocketAddress;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A connection on its way to another process, or back. Its sockets are of who has it, to be used or closed.
 *
 * @param listener the name of the listener that accepted it
 * @param client who the client is, if connection filters have found out more than its socket tells
 * @param server the same for what it has connected to
 * @param state what its service has packed
 * @param socket the client's
 * @param companions the connections that go with it
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Parcel(
        String listener,
        @Nullable SocketAddress client,
        @Nullable SocketAddress server,
        byte[] state,
        PackedSocket socket,
        List<PackedCompanion> companions) {

    /** The client's first. */
    public List<PackedSocket> sockets() {
        return Stream.concat(Stream.of(socket), companions.stream().map(PackedCompanion::socket))
                .toList();
    }

    /** Those of {@link #sockets}. */
    public IntStream numbers() {
        return sockets().stream().mapToInt(PackedSocket::number);
    }
}
