package dev.baton.runtime.upgrade;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.listener.SharedListener;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.posix.PosixException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Copies of the listening sockets that an upgrade hands over. They are what is sent, and are kept while this process
 * drains: as long as one is open, a listening socket and its backlog outlive a new process that dies.
 *
 * <p>For the upgrade's thread.
 */
public final class KeptSockets implements AutoCloseable {
    private final FdTable table;
    private final Posix posix;
    private final Map<SharedListener, List<Fd>> byListener = new LinkedHashMap<>();
    private final Set<SharedListener> suspended = new HashSet<>();
    /** Of servers that are no listeners: their channels keep the sockets themselves. */
    private final List<Fd> others = new ArrayList<>();

    KeptSockets(FdTable table, Posix posix) {
        this.table = table;
        this.posix = posix;
    }

    /** Copies the sockets of a listener; the numbers of the copies. Empty if it was closed meanwhile. */
    List<Integer> copy(SharedListener listener) throws IOException {
        List<Fd> copies = byListener.computeIfAbsent(listener, first -> new ArrayList<>());
        List<Integer> numbers = new ArrayList<>();
        for (Fd fd : listener.fds()) {
            copy(fd, numbers, copies);
        }
        return numbers;
    }

    /** Copies the socket of a server that is no listener: one number, or none if it was closed meanwhile. */
    List<Integer> copy(Fd server) throws IOException {
        List<Integer> numbers = new ArrayList<>();
        copy(server, numbers, others);
        return numbers;
    }

    /** A copy, because an unbind that comes in between would free the number for another file. */
    private void copy(Fd fd, List<Integer> numbers, List<Fd> copies) throws IOException {
        // Before there is one: a close takes it out of the pollers now.
        table.heldElsewhere(fd);
        int number = duplicate(fd);
        copies.add(table.fdInsert(number, FdKind.HANDOFF));
        // Alive after the copy was made: it was this fd that was copied.
        if (table.isLive(fd)) {
            numbers.add(number);
        }
    }

    private int duplicate(Fd fd) throws IOException {
        int number = posix.dup(fd.number());
        if (number < 0) {
            throw PosixException.of("copy " + fd, number);
        }
        return number;
    }

    /** The listeners of which a socket is kept. */
    public Collection<SharedListener> listeners() {
        return List.copyOf(byListener.keySet());
    }

    /**
     * The sockets of a listener once more, as numbers that are the caller's.
     *
     * @throws IOException if there is no fd left for one; none is open then
     */
    public int[] take(SharedListener listener) throws IOException {
        List<Fd> copies = byListener.getOrDefault(listener, List.of());
        int[] numbers = new int[copies.size()];
        int made = 0;
        try {
            for (Fd copy : copies) {
                numbers[made] = duplicate(copy);
                made++;
            }
            return numbers;
        } finally {
            if (made < numbers.length) {
                for (int i = 0; i < made; i++) {
                    table.fdDelete(table.fdInsert(numbers[i], FdKind.HANDOFF));
                }
            }
        }
    }

    /** A listener is suspended, and is to be so when it is taken back. */
    void suspended(SharedListener listener) {
        suspended.add(listener);
    }

    public boolean isSuspended(SharedListener listener) {
        return suspended.contains(listener);
    }

    /** True if there is nothing to be taken back. */
    boolean isEmpty() {
        return byListener.isEmpty();
    }

    /** The new process has let go of some listeners: their addresses are to be free. */
    void drop(Collection<String> names) {
        byListener.entrySet().removeIf(each -> {
            boolean dropped = names.contains(each.getKey().name());
            if (dropped) {
                each.getValue().forEach(table::fdDelete);
            }
            return dropped;
        });
    }

    /** The copies for servers were only for the packet. */
    void sent() {
        others.forEach(table::fdDelete);
        others.clear();
    }

    /** Keeps nothing from here on. */
    @Override
    public void close() {
        sent();
        byListener.values().forEach(copies -> copies.forEach(table::fdDelete));
        byListener.clear();
    }
}
