package dev.baton.runtime.systemd;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.listener.ChangedListener;
import dev.baton.runtime.listener.SocketWatch;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.admin.SocketKeeper;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.threading.OffLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies of the listening sockets with the service manager, which gives them to the next process if this one dies
 * ({@code FDSTORE} of sd_notify(3)): until then clients queue, and none is refused. The manager is systemd, or the
 * parent of {@code baton run --keep}. Without one nothing here does anything.
 *
 * <p>A copy that nobody takes keeps its address taken and lets clients wait for ever, so the manager is to have those
 * sockets that the process which serves has open, and no others:
 *
 * <pre>
 *                                        opened      closed      what was stored and is not used
 * STARTING   nothing is final yet        noted       noted       waits for {@link #serving}, or {@link #dropUnused}
 * SERVING    first, after an upgrade     noted       removed     removed
 *            then, {@link #alone}        stored      removed
 * SUCCEEDED  another process serves      noted       noted
 * </pre>
 *
 * <p>After an upgrade the manager is told of new sockets only when the old process will not serve again: else it would
 * be left with sockets that no process knows of.
 *
 * <p>Beside them the manager has what an operator has changed about listeners, as a piece of memory that is an fd as
 * well; and nothing if nothing is changed, or the process was stopped: then the next one begins as its file says.
 *
 * <p>A socket is named by its inode and the listener that stored it, {@code baton.4711.web}: a process that is given it
 * finds the same name.
 *
 * <p>Threading: any thread; what the manager is told, a thread of its own tells it, in the order of what happens here.
 */
public final class FdStore implements SocketWatch, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FdStore.class);

    private static final String PID = "LISTEN_PID";
    private static final String COUNT = "LISTEN_FDS";
    private static final String NAMES = "LISTEN_FDNAMES";
    private static final int FIRST = 3;
    /** The name of one of ours: the inode, the listener. */
    private static final Pattern NAME = Pattern.compile("baton\\.(\\d{1,19})\\.([A-Za-z][A-Za-z0-9._-]{0,62})");

    /**
     * The names of the memory with what an operator has changed. The next one has the other name, so that there is
     * always one that is whole; and where there are two of one name, as after an upgrade, the newer one counts.
     */
    private static final List<String> CHANGES = List.of("baton-changes.a", "baton-changes.b");

    private static final Pattern LINK = Pattern.compile("socket:\\[(\\d{1,19})]");
    private static final String WOULD_BE_UNDONE = "a crash would undo what was changed of listeners at run time: ";

    /** How long the end of the process waits for the manager. */
    private static final long CLOSE_SECONDS = 5;

    private final Notifier manager;
    private final FdTable table;
    private final Posix posix;
    private final Supplier<List<ChangedListener>> changes;
    private final ExecutorService teller;
    private volatile Optional<SocketKeeper> keeper = Optional.empty();

    /** See the class. For the teller, as is all that follows. */
    private enum Phase {
        STARTING,
        SERVING,
        SUCCEEDED
    }

    private Phase phase = Phase.STARTING;
    private boolean adds;
    /** Null if it is not known what the manager has of them. */
    private @Nullable List<ChangedListener> storedChanges = List.of();

    private int nextChanges;
    private final Map<Long, Socket> byInode = new LinkedHashMap<>();
    private final Map<Fd, Socket> byFd = new HashMap<>();
    /** What the manager has and is to give up. */
    private final Set<String> unused = new LinkedHashSet<>();

    /** One open socket, and the fds that this process has for it. */
    private static final class Socket {
        final long inode;
        final String name;
        final Set<Fd> fds = new LinkedHashSet<>();
        /** The manager has a copy. */
        boolean stored;

        Socket(long inode, String name, boolean stored) {
            this.inode = inode;
            this.name = name;
            this.stored = stored;
        }
    }

    /**
     * A socket that the manager has kept.
     *
     * @param listener the name of the listener that it was stored for
     * @param number the kernel's number here, open and the caller's
     */
    public record Kept(String listener, int number) {}

    /**
     * Nothing is stored yet.
     *
     * @param changes what an operator has changed, as it is when this is called; see {@link #changed}
     */
    public FdStore(Notifier manager, FdTable table, Posix posix, Supplier<List<ChangedListener>> changes) {
        this.manager = manager;
        this.table = table;
        this.posix = posix;
        this.changes = changes;
        this.teller = Executors.newSingleThreadExecutor(task -> {
            Thread thread = new Thread(task, "baton-fd-store");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** This process was started by one that may have stored what was changed there, whether it hands over or dies. */
    public void afterAnother() {
        tell(() -> storedChanges = null);
    }

    // ---- what the process before has left -------------------------------------------------------------------------

    /** What the manager has kept of a process that has died; see sd_listen_fds_with_names(3). */
    public static List<Kept> kept(Map<String, String> environment, long pid) {
        List<Kept> kept = new ArrayList<>();
        List<String> names = names(environment, pid);
        for (int i = 0; i < names.size(); i++) {
            Matcher name = NAME.matcher(names.get(i));
            if (name.matches()) {
                kept.add(new Kept(name.group(2), FIRST + i));
            }
        }
        return kept;
    }

    private static List<String> names(Map<String, String> environment, long pid) {
        String count = environment.getOrDefault(COUNT, "");
        if (!Long.toString(pid).equals(environment.get(PID)) || !count.matches("[0-9]{1,6}")) {
            return List.of();
        }
        List<String> names = List.of(environment.getOrDefault(NAMES, "").split(":", -1));
        return names.subList(0, Math.min(names.size(), Integer.parseInt(count)));
    }

    /**
     * What an operator had changed in a process that has died, as far as the manager has kept it. Takes the fds of it,
     * and so may be called once.
     */
    @OffLoop
    public List<ChangedListener> keptChanges(Map<String, String> environment, long pid) {
        List<String> names = names(environment, pid);
        KeptChanges newest = null;
        for (int i = 0; i < names.size(); i++) {
            if (CHANGES.contains(names.get(i))) {
                tell(() -> storedChanges = null);
                KeptChanges kept = read(FIRST + i);
                if (kept != null && (newest == null || kept.writtenAt() - newest.writtenAt() > 0)) {
                    newest = kept;
                }
            }
        }
        return newest == null ? List.of() : newest.listeners();
    }

    private @Nullable KeptChanges read(int number) {
        Fd fd = table.fdInsert(number, FdKind.HANDOFF);
        try {
            Path file = file(number);
            long size = Files.size(file);
            if (size > KeptChanges.BYTES_MAX) {
                throw new IOException("it has " + size + " bytes");
            }
            return KeptChanges.read(Files.readAllBytes(file));
        } catch (IOException e) {
            LOG.warn("what an operator has changed before the process died is not known: {}", e.getMessage());
            return null;
        } finally {
            table.fdDelete(fd);
        }
    }

    private static Path file(int number) {
        return Path.of("/proc/self/fd/" + number);
    }

    /** The manager has a copy of this socket, which a process before this one stored for a listener. */
    @OffLoop
    public void known(String listener, int number) {
        if (manager.isActive()) {
            long inode = inode(number);
            tell(() -> {
                byInode.computeIfAbsent(inode, first -> new Socket(inode, name(inode, listener), true));
            });
        }
    }

    /**
     * Has the manager give up what no listener has taken, and waits for it: it would stand in the way of what is bound
     * next. Only if no other process serves.
     */
    @OffLoop
    public void dropUnused() {
        if (manager.isActive()) {
            try {
                teller.submit(() -> {
                            removeUnused();
                            manager.awaitDone();
                        })
                        .get();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (java.util.concurrent.ExecutionException | RejectedExecutionException e) {
                LOG.warn("sockets that no listener has stay with the service manager", e);
            }
        }
    }

    // ---- this process ---------------------------------------------------------------------------------------------

    @Override
    public void opened(String listener, Fd fd) {
        if (!manager.isActive()) {
            return;
        }
        long inode = inode(fd.number());
        table.heldElsewhere(fd); // before it is: a close must take it out of the pollers
        tell(() -> {
            Socket socket = byInode.computeIfAbsent(inode, first -> new Socket(inode, name(inode, listener), false));
            if (!socket.name.equals(name(inode, listener))) {
                // The listener was renamed. The name of now is the one by which the next process will know it.
                unused.add(socket.name);
                Socket renamed = new Socket(inode, name(inode, listener), false);
                renamed.fds.addAll(socket.fds);
                renamed.fds.forEach(each -> byFd.put(each, renamed));
                byInode.put(inode, renamed);
                socket = renamed;
            }
            boolean first = socket.fds.isEmpty();
            socket.fds.add(fd);
            byFd.put(fd, socket);
            if (first && phase == Phase.SERVING && adds) {
                store(socket);
            }
        });
    }

    @Override
    public void closing(Fd fd) {
        if (manager.isActive()) {
            tell(() -> closed(fd));
        }
    }

    @Override
    public void changed() {
        tell(this::storeChanges);
    }

    private void closed(Fd fd) {
        Socket socket = byFd.remove(fd);
        if (socket == null) {
            return;
        }
        socket.fds.remove(fd);
        if (!socket.fds.isEmpty() || (phase == Phase.STARTING && socket.stored)) {
            return;
        }
        byInode.remove(socket.inode);
        if (phase == Phase.SERVING && socket.stored) {
            remove(socket.name);
        }
    }

    /** This process serves. Another one may still drain, and serve again if this one dies. */
    public void serving() {
        tell(() -> {
            phase = Phase.SERVING;
            removeUnused();
            keeper = manager.keeper();
            storeAll();
        });
    }

    /** Who keeps the sockets, if anybody does: known soon after this process serves. */
    public Optional<SocketKeeper> keeper() {
        return keeper;
    }

    /** No other process will serve again in place of this one. */
    public void alone() {
        tell(() -> {
            adds = true;
            storeAll();
        });
    }

    /** Another process serves, and looks after what is stored. */
    public void succeeded() {
        tell(() -> phase = Phase.SUCCEEDED);
    }

    /** This process is the one that serves, whatever another one has told the manager. */
    public void continues() {
        tell(() -> {
            phase = Phase.SERVING;
            storedChanges = null;
            storeAll();
        });
    }

    private void removeUnused() {
        byInode.values().removeIf(socket -> socket.fds.isEmpty() && unused.add(socket.name));
        unused.forEach(this::remove);
        unused.clear();
    }

    private void storeAll() {
        if (phase == Phase.SERVING && adds) {
            byInode.values().forEach(this::store);
        }
        storeChanges();
    }

    /** Of two the newer one counts, so a process that dies in between leaves one that is whole. */
    private void storeChanges() {
        if (phase != Phase.SERVING || !adds) {
            return;
        }
        List<ChangedListener> now = changes.get();
        if (now.equals(storedChanges)) {
            return;
        }
        if (now.isEmpty()) {
            removeChanges();
        } else if (store(CHANGES.get(nextChanges), new KeptChanges(System.nanoTime(), now).bytes())) {
            nextChanges = 1 - nextChanges;
            remove(CHANGES.get(nextChanges));
        } else {
            return;
        }
        storedChanges = now;
    }

    /** Nothing is changed any longer. */
    private void removeChanges() {
        if (phase == Phase.SERVING && !List.of().equals(storedChanges)) {
            CHANGES.forEach(this::remove);
            storedChanges = List.of();
        }
    }

    private boolean store(String name, byte[] bytes) {
        if (bytes.length > KeptChanges.BYTES_MAX) {
            LOG.warn(WOULD_BE_UNDONE + "it has {} bytes, more than {}", bytes.length, KeptChanges.BYTES_MAX);
            return false;
        }
        int number = posix.memoryFile(name);
        if (number < 0) {
            LOG.warn(WOULD_BE_UNDONE + "no memory for it: {}", Errno.explain(-number));
            return false;
        }
        Fd fd = table.fdInsert(number, FdKind.HANDOFF);
        try {
            Files.write(file(number), bytes);
            return manager.deliver("FDSTORE=1\nFDNAME=" + name, number);
        } catch (IOException e) {
            LOG.warn(WOULD_BE_UNDONE + "{}", e.getMessage());
            return false;
        } finally {
            table.fdDelete(fd);
        }
    }

    /** The manager notices if it has the socket already. */
    private void store(Socket socket) {
        for (Fd fd : socket.fds) {
            int number = posix.dup(fd.number());
            if (number < 0) {
                if (table.isLive(fd)) {
                    String why = PosixException.of("copy " + fd, number).getMessage();
                    LOG.warn("the service manager has no copy of {}: {}", socket.name, why);
                }
                continue;
            }
            Fd copy = table.fdInsert(number, FdKind.HANDOFF);
            try {
                // Alive after the copy was made: it was this fd that was copied.
                if (table.isLive(fd)) {
                    socket.stored = manager.deliver("FDSTORE=1\nFDNAME=" + socket.name, number);
                    return;
                }
            } finally {
                table.fdDelete(copy);
            }
        }
    }

    private void remove(String name) {
        manager.deliver("FDSTOREREMOVE=1\nFDNAME=" + name);
    }

    private static String name(long inode, String listener) {
        return "baton." + inode + "." + listener;
    }

    /** What the kernel knows the open socket by, whatever its numbers; -1 if it is none. */
    private static long inode(int number) {
        try {
            Matcher link = LINK.matcher(Files.readSymbolicLink(file(number)).toString());
            return link.matches() ? Long.parseLong(link.group(1)) : -1;
        } catch (IOException gone) {
            LOG.debug("fd {}", number, gone);
            return -1;
        }
    }

    private void tell(Runnable task) {
        if (manager.isActive()) {
            try {
                teller.execute(task);
            } catch (RejectedExecutionException ended) {
                LOG.debug("the process ends", ended);
            }
        }
    }

    /** The manager is told what it was to be told. If this process is the one that serves, its changes end with it. */
    @Override
    public void close() {
        tell(this::removeChanges);
        teller.shutdown();
        try {
            if (!teller.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("the service manager does not take what it is told of sockets");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
