package dev.baton.runtime.posix;

import dev.baton.spi.posix.NativeMemory;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Where {@link Posix#accept(int, PeerAddress)} and {@link Posix#recvFrom} note who it is from. Reusable, for one thread
 * at a time: it is decoded only if somebody asks, before the next call overwrites it.
 */
public final class PeerAddress implements AutoCloseable {
    private final NativeMemory memory = NativeMemory.allocate(SocketAddresses.SIZE_MAX);
    private int length;
    private boolean truncated;
    private @Nullable SocketAddress decoded;

    /** Makes an empty one, which the caller closes. */
    public PeerAddress() {}

    /**
     * Tells the address.
     *
     * @return the address; for a unix peer that is not bound the unnamed address
     * @throws IllegalStateException if nothing was noted yet
     */
    public SocketAddress address() {
        SocketAddress known = decoded;
        if (known == null) {
            known = SocketAddresses.decode(memory, 0, length);
            decoded = known;
        }
        return known;
    }

    /**
     * Tells whether the datagram was longer than the memory given for it.
     *
     * @return whether its end was lost
     */
    public boolean truncated() {
        return truncated;
    }

    /**
     * Notes an address; for implementations of {@link Posix} that have no kernel.
     *
     * @param address the address
     */
    public void set(SocketAddress address) {
        this.decoded = address;
        this.truncated = false;
    }

    /** Gives the memory back. */
    @Override
    public void close() {
        memory.close();
    }

    /** Where the kernel may write {@link SocketAddresses#SIZE_MAX} bytes. */
    long memoryAddress() {
        return memory.address();
    }

    /** Notes that the kernel wrote an address of this length. */
    void filled(int newLength, boolean lost) {
        this.decoded = null;
        this.length = newLength;
        this.truncated = lost;
    }
}
