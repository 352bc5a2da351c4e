package dev.baton.plugin.unixlistener;

import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.SocketCalls;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file of one bound unix socket.
 *
 * @param path where it was bound
 * @param key device and inode of what was bound
 */
record SocketFile(Path path, @Nullable Object key) {
    private static final Logger LOG = LoggerFactory.getLogger(SocketFile.class);

    /**
     * The socket that is at a path now, which was bound there.
     *
     * @throws IOException if it is no socket any more
     */
    static SocketFile of(Path path, String bind) throws IOException {
        SocketFile found = new SocketFile(path, attributes(path).fileKey());
        if (!isSocket(path)) {
            throw swapped(bind);
        }
        return found;
    }

    private static IOException swapped(String bind) {
        return new IOException("cannot bind " + bind
                + ": another file has been put in its place (use a folder that only this process's user can write to)");
    }

    private static BasicFileAttributes attributes(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    }

    // ---- before the bind ------------------------------------------------------------------------------------------

    /**
     * Removes the file of a socket that is no longer served.
     *
     * @throws IOException if somebody does, or it is no socket
     */
    static void makeWay(Path path, String bind) throws IOException {
        BasicFileAttributes there;
        try {
            there = attributes(path);
        } catch (NoSuchFileException free) {
            return;
        }
        // A socket is neither a file, nor a folder, nor a link; a device or a pipe does not answer a connect either.
        if (!there.isOther() || !isSocket(path)) {
            throw new IOException("cannot bind " + bind + ": there is something that is no socket (remove it, or choose"
                    + " another path)");
        }
        if (answers(path, bind)) {
            throw new IOException("cannot bind " + bind + ": EADDRINUSE (another process listens there)");
        }
        // What is removed must be what did not answer: somebody may have bound a new one meanwhile.
        new SocketFile(path, there.fileKey()).unlink();
        LOG.info("removed {}: no process serves this socket", path);
    }

    private static boolean isSocket(Path path) throws IOException {
        return isSocket((Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS));
    }

    private static boolean isSocket(int mode) {
        return (mode & 0170000) == 0140000;
    }

    /** Without waiting: a connect to a socket whose backlog is full is under way, which is an answer. */
    private static boolean answers(Path path, String bind) throws IOException {
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.configureBlocking(false);
            probe.connect(UnixDomainSocketAddress.of(path));
            return true;
        } catch (NoSuchFileException gone) {
            return false;
        } catch (IOException refused) {
            String why = String.valueOf(refused.getMessage());
            if (why.contains("refused")) {
                return false;
            } else if (why.contains("No such file")) {
                return false; // removed since it was looked at
            }
            throw new IOException(
                    "cannot bind " + bind + ": EADDRINUSE (there is a socket, and it cannot be told whether a process"
                            + " serves it: " + why + ")",
                    refused);
        }
    }

    // ---- between bind and listen ----------------------------------------------------------------------------------

    /**
     * Sets mode and owner.
     *
     * @param fresh this process has just bound it, so the file is this process's own
     * @throws IOException with what could not be set, and why
     */
    void set(SocketSettings settings, String bind, SocketCalls calls, boolean fresh) throws IOException {
        if (!settings.describesFile()) {
            return;
        }
        // By path it could be another file each time, in a folder that is somebody else's.
        int result = calls.hold(path, held -> {
            mustBeMine(held, bind, fresh);
            set(held, settings, bind);
        });
        if (result < 0) {
            throw PosixException.of("set mode and owner of " + bind, result);
        }
    }

    private void mustBeMine(Path held, String bind, boolean fresh) throws IOException {
        boolean mine = isSocket((Integer) Files.getAttribute(held, "unix:mode"))
                && Objects.equals(Files.getAttribute(held, "fileKey"), key)
                // A link to a socket of somebody else's is as good as a symbolic one.
                && Files.getAttribute(held, "unix:nlink").equals(1)
                && (!fresh
                        || Files.getAttribute(held, "unix:uid")
                                .equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid")));
        if (!mine) {
            throw swapped(bind);
        }
    }

    private static void set(Path held, SocketSettings settings, String bind) throws IOException {
        String what = "the file";
        try {
            PosixFileAttributeView view = Files.getFileAttributeView(held, PosixFileAttributeView.class);
            UserPrincipalLookupService names = held.getFileSystem().getUserPrincipalLookupService();
            // The owner first: to change it may clear bits of the mode.
            if (settings.group().isPresent()) {
                what = "group " + settings.group().get();
                view.setGroup(names.lookupPrincipalByGroupName(settings.group().get()));
            }
            if (settings.user().isPresent()) {
                what = "user " + settings.user().get();
                view.setOwner(names.lookupPrincipalByName(settings.user().get()));
            }
            if (settings.mode().isPresent()) {
                what = "mode 0" + Integer.toOctalString(settings.mode().getAsInt());
                Files.setAttribute(held, "unix:mode", settings.mode().getAsInt());
            }
        } catch (UserPrincipalNotFoundException unknown) {
            throw new IOException("cannot bind " + bind + ": there is no " + what, unknown);
        } catch (AccessDeniedException denied) {
            throw new IOException("cannot set " + what + " of " + bind + ": EACCES", denied);
        } catch (FileSystemException e) {
            String why = e.getReason();
            throw new IOException(
                    "cannot set " + what + " of " + bind + ": " + why
                            + (why != null && why.contains("not permitted")
                                    ? " (a file can be given away only with CAP_CHOWN)"
                                    : ""),
                    e);
        }
    }

    // ---- after the close ------------------------------------------------------------------------------------------

    /** Unlinks the file if it is still this one. */
    void unlink() throws IOException {
        if (isMine()) {
            Files.deleteIfExists(path);
        } else {
            LOG.debug("{} is another file by now, or gone", path);
        }
    }

    private boolean isMine() throws IOException {
        try {
            return Objects.equals(attributes(path).fileKey(), key);
        } catch (NoSuchFileException gone) {
            return false;
        }
    }
}
