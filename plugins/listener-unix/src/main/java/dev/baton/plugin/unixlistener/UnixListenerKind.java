package dev.baton.plugin.unixlistener;

import static dev.baton.spi.posix.Sockets.AF_UNIX;
import static dev.baton.spi.posix.Sockets.SHUT_RD;
import static dev.baton.spi.posix.Sockets.SOCK_STREAM;

import dev.baton.spi.listener.ListenerKind;
import dev.baton.spi.listener.SocketCleanup;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.posix.AbstractUnixAddress;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.SocketCalls;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Listens on unix sockets: {@code unix:/run/shop.sock}, {@code unix:shop.sock} (relative to the working folder) and
 * {@code unix:@shop}, an abstract name that has no file.
 *
 * <p>The file's mode is set before the bind as far as the umask lets it, and the rest of it with the owner between the bind and
 * the listen, when nobody can connect, on the file itself and not by its path. What stands in the way of a new file:
 *
 * <pre>
 * at the path             what happens
 * nothing                 it is bound
 * a socket that answers   EADDRINUSE
 * a socket that does not  it is stale: removed, and said
 * anything else           an error; it stays
 * </pre>
 *
 * <p>The file is unlinked after the close if it still is the one that was bound: its device and inode are compared.
 *
 * <p>New connections are refused by shutting the listening socket's receiving side: a connect is refused from then on, and what
 * is in the queue stays there.
 */
public final class UnixListenerKind implements ListenerKind {
    private static final String PREFIX = "unix:";
    /** {@code sun_path} without its final NUL. */
    private static final int PATH_BYTES_MAX = 107;

    @Override
    public String name() {
        return "unix";
    }

    @Override
    public boolean claims(String bind) {
        return bind.startsWith(PREFIX);
    }

    @Override
    public Optional<String> check(String bind) {
        try {
            parse(bind);
            return Optional.empty();
        } catch (IllegalArgumentException wrong) {
            return Optional.of(String.valueOf(wrong.getMessage()));
        }
    }

    @Override
    public Optional<String> check(String bind, SocketSettings settings) {
        if (settings.perLoop()) {
            return Optional.of("sockets: per-loop is for tcp; a unix address has one socket");
        }
        return settings.describesFile() && parse(bind) instanceof AbstractUnixAddress
                ? Optional.of("mode, user and group belong to sockets that have a path; " + bind
                        + " has none, whoever knows the name may connect")
                : Optional.empty();
    }

    @Override
    public int socket(String bind, SocketCalls calls) throws IOException {
        int number = calls.socket(AF_UNIX, SOCK_STREAM, 0);
        if (number < 0) {
            throw PosixException.of("create a socket for " + bind, number);
        }
        return number;
    }

    @Override
    public void bind(int number, String bind, SocketCalls calls) throws IOException {
        int result = calls.bind(number, address(bind));
        if (result < 0) {
            throw PosixException.of("bind " + bind, result);
        }
    }

    @Override
    public SocketCleanup bind(int number, String bind, SocketSettings settings, SocketCalls calls) throws IOException {
        if (!(address(bind) instanceof UnixDomainSocketAddress file)) {
            bind(number, bind, calls);
            return SocketCleanup.NONE;
        }
        SocketFile.makeWay(file.getPath(), bind);
        if (settings.mode().isPresent()) {
            int result = calls.setMode(number, settings.mode().getAsInt());
            if (result < 0) {
                throw PosixException.of("set the mode of " + bind, result);
            }
        }
        bind(number, bind, calls);
        SocketFile mine = SocketFile.of(file.getPath(), bind);
        boolean done = false;
        try {
            mine.set(settings, bind, calls, true);
            done = true;
        } finally {
            if (!done) {
                mine.unlink();
            }
        }
        return mine::unlink;
    }

    @Override
    public SocketCleanup adopt(int number, String bind, SocketSettings settings, SocketCalls calls) throws IOException {
        SocketAddress wanted = address(bind);
        SocketAddress local = calls.localAddress(number);
        if (!wanted.equals(local)) {
            throw new IOException("cannot use fd " + number + " for " + bind + ": it is bound to " + local);
        }
        if (!(wanted instanceof UnixDomainSocketAddress file)) {
            return SocketCleanup.NONE;
        }
        SocketFile mine = SocketFile.of(file.getPath(), bind);
        mine.set(settings, bind, calls, false);
        return mine::unlink;
    }

    @Override
    public String address(int number, SocketCalls calls) throws IOException {
        SocketAddress local = calls.localAddress(number);
        if (local instanceof UnixDomainSocketAddress file) {
            return PREFIX + file.getPath();
        } else if (local instanceof AbstractUnixAddress) {
            return PREFIX + local;
        }
        throw new IOException("cannot tell the address of a unix listener: it is bound to " + local);
    }

    @Override
    public boolean refuse(int number, SocketCalls calls) {
        return calls.shutdown(number, SHUT_RD) >= 0;
    }

    /** A trial would leave a file. */
    @Override
    public boolean isTriedByBinding(String address) {
        return parse(address) instanceof AbstractUnixAddress;
    }

    private static SocketAddress address(String bind) throws IOException {
        try {
            return parse(bind);
        } catch (IllegalArgumentException wrong) {
            throw new IOException("cannot bind " + bind + ": " + wrong.getMessage(), wrong);
        }
    }

    /**
     * Takes a bind apart.
     *
     * @throws IllegalArgumentException with what is wrong with it, as one sentence without a full stop
     */
    private static SocketAddress parse(String bind) {
        String name = bind.substring(PREFIX.length());
        if (name.isEmpty() || name.equals("@")) {
            throw new IllegalArgumentException(
                    "\"" + bind + "\" has no name; write it as in unix:/run/shop.sock or unix:@shop");
        }
        if (name.startsWith("@")) {
            return new AbstractUnixAddress(name.substring(1));
        }
        int bytes = name.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > PATH_BYTES_MAX) {
            throw new IllegalArgumentException(
                    "the path has " + bytes + " bytes, a unix socket's may have " + PATH_BYTES_MAX);
        }
        if (name.endsWith("/")) {
            throw new IllegalArgumentException("\"" + name + "\" is a folder, not the path of a socket");
        }
        try {
            return UnixDomainSocketAddress.of(Path.of(name));
        } catch (InvalidPathException wrong) {
            throw new IllegalArgumentException("\"" + name + "\" is no path: " + wrong.getReason(), wrong);
        }
    }
}
