package dev.baton.runtime.channel;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file of a server's unix socket. It goes with the socket, as with Netty's transports, so that the address can be
 * bound again; but only if it is the one that was bound: by then another's may be at the path.
 *
 * @param path where it was bound
 * @param key device and inode of what was bound
 */
record ServerFile(Path path, Object key) {
    private static final Logger LOG = LoggerFactory.getLogger(ServerFile.class);

    /** What was just bound there; null for an address that is no file. */
    static @Nullable ServerFile of(SocketAddress address) {
        if (!(address instanceof UnixDomainSocketAddress unix)
                || unix.getPath().toString().isEmpty()) {
            return null;
        }
        Path path = unix.getPath().toAbsolutePath();
        try {
            Object key = key(path);
            return key == null ? null : new ServerFile(path, key);
        } catch (IOException e) {
            LOG.warn("{} will stay when its server is closed: cannot tell which file it is", path, e);
            return null;
        }
    }

    /** Removes it if it still is this one. */
    void unlink() {
        try {
            if (Objects.equals(key(path), key)) {
                Files.deleteIfExists(path);
            } else {
                LOG.debug("{} is another file by now, and stays", path);
            }
        } catch (NoSuchFileException gone) {
            LOG.debug("{} is gone already", path);
        } catch (IOException e) {
            LOG.warn("cannot remove {}, the file of a server that was closed; the next bind there fails", path, e);
        }
    }

    private static @Nullable Object key(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .fileKey();
    }
}
