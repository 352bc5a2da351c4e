package dev.baton.plugin.unixlistener;

import dev.baton.spi.listener.InvalidBindException;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.ListenerKind;
import dev.baton.spi.posix.AbstractUnixAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * Listens on unix sockets: {@code unix:/run/shop.sock}, {@code unix:shop.sock} (relative to the working folder) and
 * {@code unix:@shop}, an abstract name that has no file.
 */
public final class UnixListenerKind implements ListenerKind {
    static final String PREFIX = "unix:";
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
    public ListenerEndpoint parse(String bind) {
        String name = bind.substring(PREFIX.length());
        if (name.isEmpty() || name.equals("@")) {
            throw new InvalidBindException(
                    "\"" + bind + "\" has no name; write it as in unix:/run/shop.sock or unix:@shop");
        }
        if (name.startsWith("@")) {
            return new AbstractEndpoint(bind, abstractAddress(name.substring(1)));
        }
        int bytes = name.getBytes(StandardCharsets.UTF_8).length;
        if (bytes > PATH_BYTES_MAX) {
            throw new InvalidBindException(
                    "the path has " + bytes + " bytes, a unix socket's may have " + PATH_BYTES_MAX);
        }
        if (name.endsWith("/")) {
            throw new InvalidBindException("\"" + name + "\" is a folder, not the path of a socket");
        }
        try {
            return new PathEndpoint(bind, UnixDomainSocketAddress.of(Path.of(name)));
        } catch (InvalidPathException wrong) {
            throw new InvalidBindException("\"" + name + "\" is no path: " + wrong.getReason());
        }
    }

    private static AbstractUnixAddress abstractAddress(String name) {
        try {
            return new AbstractUnixAddress(name);
        } catch (IllegalArgumentException tooLong) {
            throw new InvalidBindException(String.valueOf(tooLong.getMessage()));
        }
    }
}
