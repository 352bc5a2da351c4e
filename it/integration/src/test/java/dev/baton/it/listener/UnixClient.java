package dev.baton.it.listener;

import dev.baton.runtime.posix.Posix;
import dev.baton.spi.posix.AbstractUnixAddress;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.Sockets;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.concurrent.TimeUnit;

/** A client of a unix socket, by path or by abstract name, which the JDK's own cannot reach. */
final class UnixClient implements AutoCloseable {
    private static final long NANOS_MAX = TimeUnit.SECONDS.toNanos(20);

    private final Posix posix;
    private final int number;
    private final NativeMemory octet = NativeMemory.allocate(1);

    private UnixClient(Posix posix, int number) {
        this.posix = posix;
        this.number = number;
    }

    /** Connects to a listener's address, {@code unix:...}; 0, or minus the error number, tells {@link #tryConnect}. */
    static UnixClient connect(Posix posix, String bind) throws IOException {
        int number = posix.socket(Sockets.AF_UNIX, Sockets.SOCK_STREAM, 0);
        int result = posix.connect(number, address(bind));
        if (result < 0) {
            posix.close(number);
            throw new IOException("connect " + bind + ": " + Errno.explain(-result));
        }
        return new UnixClient(posix, number);
    }

    /** What a connect answers. */
    static int tryConnect(Posix posix, String bind) {
        int number = posix.socket(Sockets.AF_UNIX, Sockets.SOCK_STREAM, 0);
        int result = posix.connect(number, address(bind));
        posix.close(number);
        return result;
    }

    static SocketAddress address(String bind) {
        String name = bind.substring("unix:".length());
        return name.startsWith("@") ? new AbstractUnixAddress(name.substring(1)) : UnixDomainSocketAddress.of(name);
    }

    void send(int value) throws IOException {
        octet.putByte(0, (byte) value);
        int sent = posix.send(number, octet.address(), 1);
        if (sent != 1) {
            throw new IOException("send: " + sent);
        }
    }

    /** The next octet, -1 for the end. */
    int read() throws IOException {
        long end = System.nanoTime() + NANOS_MAX;
        while (System.nanoTime() - end < 0) {
            int got = posix.recv(number, octet.address(), 1);
            if (got == 1) {
                return octet.getByte(0);
            } else if (got == 0 || got == -Errno.ECONNRESET) {
                return -1;
            } else if (got != -Errno.EAGAIN) {
                throw new IOException("recv: " + Errno.explain(-got));
            }
            Thread.onSpinWait();
        }
        throw new IOException("nothing comes");
    }

    @Override
    public void close() {
        posix.close(number);
        octet.close();
    }
}
