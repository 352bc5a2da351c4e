package dev.baton.runtime.channel;

import dev.baton.runtime.channel.StreamWriter.Outcome;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PosixException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AddressedEnvelope;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketAddress;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.UnresolvedAddressException;
import org.jspecify.annotations.Nullable;

/** Moves what a datagram channel has flushed into the kernel, a system call a datagram. */
final class DatagramWriter {
    private DatagramWriter() {}

    /**
     * Makes a message ready to be sent: its content in one piece of direct memory, its receiver known.
     *
     * @param message given back if another takes its place
     */
    static Object prepared(Object message, ByteBufAllocator allocator) {
        if (message instanceof ByteBuf content) {
            return content.hasMemoryAddress() ? content : direct(message, content, allocator);
        }
        if (message instanceof AddressedEnvelope<?, ?> envelope && envelope.content() instanceof ByteBuf content) {
            SocketAddress recipient = envelope.recipient();
            InetSocketAddress receiver = recipient == null ? null : resolved(recipient);
            if (message instanceof DatagramPacket && receiver != null && content.hasMemoryAddress()) {
                return message;
            }
            ByteBuf direct = direct(message, content, allocator);
            return receiver == null ? direct : new DatagramPacket(direct, receiver);
        }
        throw new UnsupportedOperationException("a datagram channel writes ByteBuf and envelopes of it, not "
                + message.getClass().getName());
    }

    private static ByteBuf direct(Object message, ByteBuf content, ByteBufAllocator allocator) {
        ByteBuf direct = allocator.directBuffer(Math.max(1, content.readableBytes()));
        direct.writeBytes(content, content.readerIndex(), content.readableBytes());
        ReferenceCountUtil.release(message);
        return direct;
    }

    /** An address that datagrams can go to. */
    static InetSocketAddress resolved(SocketAddress address) {
        if (!(address instanceof InetSocketAddress inet)) {
            throw new IllegalArgumentException(
                    "a datagram channel has internet addresses, not " + address + " (" + address.getClass() + ")");
        }
        if (inet.isUnresolved()) {
            throw new UnresolvedAddressException();
        }
        return inet;
    }

    /** Holder: sends until nothing is left, the socket is full, or {@code rounds} calls were made. */
    static Outcome write(FdDatagramChannel channel, ChannelOutboundBuffer out, int rounds) {
        for (int round = 0; round < rounds; round++) {
            if (out.isEmpty()) {
                return Outcome.DONE;
            }
            if (!writeOne(channel, out)) {
                return Outcome.FULL;
            }
        }
        return out.isEmpty() ? Outcome.DONE : Outcome.MORE;
    }

    /** False if there is no room for it now. */
    private static boolean writeOne(FdDatagramChannel channel, ChannelOutboundBuffer out) {
        Object message = out.current();
        InetSocketAddress receiver = message instanceof DatagramPacket packet ? packet.recipient() : null;
        ByteBuf content = message instanceof DatagramPacket packet ? packet.content() : (ByteBuf) message;
        try {
            int result = send(channel, content, receiver);
            if (result == -Errno.EAGAIN) {
                return false;
            }
            if (result >= 0) {
                channel.sent();
                out.remove();
            } else if (result != -Errno.EINTR) {
                SocketAddress peer = receiver == null ? channel.remoteAddress0() : receiver;
                out.remove(failure("send a datagram to", peer, result));
            }
        } catch (IOException | RuntimeException e) {
            out.remove(e); // this one's, not the channel's
        }
        return true;
    }

    private static int send(FdDatagramChannel channel, ByteBuf content, @Nullable InetSocketAddress receiver)
            throws IOException {
        if (receiver == null && channel.remoteAddress0() == null) {
            throw new NotYetConnectedException();
        }
        Posix posix = channel.env.posix();
        int number = channel.socketToSend();
        long address = content.memoryAddress() + content.readerIndex();
        return receiver == null
                ? posix.send(number, address, content.readableBytes())
                : posix.sendTo(number, address, content.readableBytes(), channel.suited(receiver));
    }

    /** What went wrong, as Java's own datagram sockets call it. */
    static IOException failure(String action, @Nullable SocketAddress peer, int result) {
        IOException error = peer == null ? FdChannel.error(action, result) : PosixException.of(action, peer, result);
        return result == -Errno.ECONNREFUSED ? new PortUnreachableException(error.getMessage()) : error;
    }
}
