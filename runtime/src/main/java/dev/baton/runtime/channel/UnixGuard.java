package dev.baton.runtime.channel;

import dev.baton.runtime.posix.Identity;
import dev.baton.runtime.posix.PeerCredentials;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.posix.PosixException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What belongs to the file of one unix server, and who may connect to it; see {@link dev.baton.spi.posix.UnixServers}.
 */
final class UnixGuard {
    private static final Logger LOG = LoggerFactory.getLogger(UnixGuard.class);
    private static final int ROOT = 0;

    private final Path file;
    private final int mode;
    private final List<String> users;
    private volatile Set<Integer> admitted = Set.of();

    UnixGuard(Path file, int mode, List<String> users) {
        this.file = file;
        this.mode = mode;
        this.users = List.copyOf(users);
    }

    /** Who may connect; before the server accepts. */
    void admit(Posix posix) throws IOException {
        Set<Integer> uids = new HashSet<>();
        uids.add(ROOT);
        uids.add(Identity.effectiveUser());
        for (String user : users) {
            int uid = user.matches("[0-9]{1,9}") ? Integer.parseInt(user) : posix.userId(user);
            if (uid < 0) {
                throw new IOException("there is no user \"" + user + "\"");
            }
            uids.add(uid);
        }
        admitted = Set.copyOf(uids);
    }

    /** Before the bind: removes the socket of a process that is no more, and gives the new one its mode. */
    void prepare(Posix posix, int number) throws IOException {
        admit(posix);
        if (isStale()) {
            Files.deleteIfExists(file);
            LOG.info("removed {}: no process serves this socket", file);
        }
        check("set the mode", posix.setMode(number, mode));
    }

    /** True for a socket that refuses a connect. Anything else is left to the bind, which refuses. */
    private boolean isStale() throws IOException {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)
                || ((Integer) Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS) & 0170000) != 0140000) {
            return false;
        }
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.configureBlocking(false); // a full backlog is an answer
            probe.connect(UnixDomainSocketAddress.of(file));
            return false;
        } catch (IOException refused) {
            return String.valueOf(refused.getMessage()).contains("refused");
        }
    }

    /** Between bind and listen, when no client can connect yet: what the umask has taken from the mode. */
    void bound(Posix posix) throws IOException {
        check("set the mode", posix.hold(file, held -> {
            if (!Files.getAttribute(held, "unix:nlink").equals(1)
                    || !admitted.contains(Files.getAttribute(held, "unix:uid"))
                    || ((Integer) Files.getAttribute(held, "unix:mode") & 0170000) != 0140000) {
                throw new IOException("another file has been put in the place of " + file);
            }
            Files.setAttribute(held, "unix:mode", mode);
        }));
    }

    private void check(String action, int result) throws IOException {
        if (result < 0) {
            throw PosixException.of(action + " of unix:" + file, result);
        }
    }

    /** Whether the process that has connected may. Its user is the one that it had then. */
    boolean admits(Posix posix, int connection) {
        try {
            PeerCredentials peer = PeerCredentials.of(posix, connection);
            if (admitted.contains(peer.uid())) {
                return true;
            }
            LOG.warn("refused a connection to unix:{} from process {} of user {}", file, peer.pid(), peer.uid());
        } catch (PosixException unknown) {
            LOG.warn("refused a connection to unix:{}: {}", file, unknown.getMessage());
        }
        return false;
    }
}
