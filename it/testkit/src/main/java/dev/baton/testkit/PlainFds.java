package dev.baton.testkit;

import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.fd.Fds;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A table of real fds without claims and loops: it hands out generations, closes each fd once, and knows what is open.
 * What is wrong with a number (entered twice, closed by somebody else) throws at once.
 */
public final class PlainFds implements Fds, AutoCloseable {
    private final Posix posix;
    private final Map<Integer, Fd> open = new ConcurrentHashMap<>();
    private final Map<Integer, Integer> generations = new ConcurrentHashMap<>();

    /** Makes an empty one that closes by these calls. */
    public PlainFds(Posix posix) {
        this.posix = posix;
    }

    @Override
    public Fd fdInsert(int number, FdKind kind) {
        Fd fd = new Fd(number, generations.merge(number, 1, Integer::sum));
        if (open.putIfAbsent(number, fd) != null) {
            throw new IllegalStateException(fd + " is in the table already");
        }
        return fd;
    }

    @Override
    public boolean fdDelete(Fd fd) {
        if (!open.remove(fd.number(), fd)) {
            return false;
        }
        int result = posix.close(fd.number());
        if (result < 0) {
            throw new IllegalStateException(fd + " was closed by somebody else: close returned " + result);
        }
        return true;
    }

    /** What is open now. */
    public Set<Fd> open() {
        return Set.copyOf(open.values());
    }

    /** Deletes whatever is open. */
    @Override
    public void close() {
        for (Fd fd : open.values()) {
            fdDelete(fd);
        }
    }
}
