package dev.baton.runtime.systemd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.listener.ChangedListener;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.ParentCalls;
import dev.baton.runtime.posix.ParentCalls.Datagram;
import dev.baton.runtime.posix.Posix;
import dev.baton.runtime.systemd.FdStore.Kept;
import dev.baton.spi.admin.SocketKeeper;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.posix.Sockets;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a service manager is given of the listening sockets, and has to give up, on a real datagram socket. */
@Timeout(60)
class FdStoreTest {
    private static final int PATIENCE_MILLIS = 20_000;
    private static final Duration PATIENCE = Duration.ofMillis(PATIENCE_MILLIS);

    private final Posix posix = new JnrPosix();
    private final FdTable table = new FdTable(posix, new LoopRegistry(), new FdObservers());
    private final ParentCalls manager = new ParentCalls();
    private final List<Fd> open = new ArrayList<>();
    private int receiver = -1;
    private String address = "";
    private volatile List<ChangedListener> changes = List.of();
    private FdStore store = store(Map.of());

    @BeforeEach
    void listen() throws IOException {
        String name = "baton-test-" + Long.toHexString(System.nanoTime());
        receiver = manager.receiver(name);
        address = "@" + name;
        store = store(Map.of("NOTIFY_SOCKET", address, Notifier.PARENT, "1"));
    }

    private FdStore store(Map<String, String> environment) {
        return new FdStore(Notifier.of(environment, table, posix), table, posix, () -> changes);
    }

    @AfterEach
    void close() {
        store.close();
        assertThat(heard()).as("nothing more was said").isNull();
        open.forEach(table::fdDelete);
        manager.close(receiver);
    }

    private Fd listening() {
        int number = posix.socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0);
        assertThat(posix.bind(number, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)))
                .isZero();
        assertThat(posix.listen(number, 1)).isZero();
        Fd fd = table.fdInsert(number, FdKind.LISTENER);
        open.add(fd);
        return fd;
    }

    private Fd again(Fd fd) {
        Fd copy = table.fdInsert(posix.dup(fd.number()), FdKind.LISTENER);
        open.add(copy);
        return copy;
    }

    private Datagram message() {
        manager.await(receiver, receiver, PATIENCE_MILLIS);
        return Objects.requireNonNull(manager.receive(receiver), "no message");
    }

    private @Nullable String heard() {
        Datagram message = manager.receive(receiver);
        if (message == null) {
            return null;
        }
        for (int number : message.fds()) {
            manager.close(number);
        }
        return message.text();
    }

    private String next() {
        manager.await(receiver, receiver, PATIENCE_MILLIS);
        return Objects.requireNonNull(heard(), "no message");
    }

    private String name(Fd fd, String listener) throws IOException {
        return "baton." + manager.file(fd.number()).replaceAll("\\D", "") + "." + listener;
    }

    private String stored(String name) {
        return "FDSTORE=1\nFDNAME=" + name;
    }

    private String removed(String name) {
        return "FDSTOREREMOVE=1\nFDNAME=" + name;
    }

    @Test
    void shouldStoreWhatIsOpenWhenItServesAndWhatComesLater() throws IOException {
        Fd web = listening();
        Fd gone = listening();
        store.opened("web", web);
        store.opened("gone", gone);
        store.closing(gone);
        table.fdDelete(gone);
        store.serving();
        store.alone();
        assertThat(next()).isEqualTo(stored(name(web, "web")));
        Fd more = listening();
        store.opened("more", more);
        manager.await(receiver, receiver, PATIENCE_MILLIS);
        Datagram message = Objects.requireNonNull(manager.receive(receiver));
        assertThat(message.text()).isEqualTo(stored(name(more, "more")));
        assertThat(message.fds()).hasSize(1);
        assertThat(manager.file(message.fds()[0])).isEqualTo(manager.file(more.number()));
        manager.close(message.fds()[0]);
        String name = name(more, "more");
        store.closing(more);
        store.closing(more);
        table.fdDelete(more);
        assertThat(next()).isEqualTo(removed(name));
    }

    /** What was closed before its turn came is not stored: its number may be another file's by now. */
    @Test
    void shouldStoreNoSocketThatIsClosedMeanwhile() {
        Fd web = listening();
        store.opened("web", web);
        table.fdDelete(web);
        store.serving();
        store.alone();
    }

    @Test
    void shouldHaveWhatNobodyTakesRemovedBeforeAnythingIsBound() throws Exception {
        Fd kept = listening();
        Fd unused = listening();
        store.known("web", kept.number());
        store.known("old", unused.number());
        store.opened("web", kept);
        Thread start = new Thread(store::dropUnused);
        start.start();
        assertThat(next()).isEqualTo(removed(name(unused, "old")));
        manager.await(receiver, receiver, PATIENCE_MILLIS);
        Datagram barrier = Objects.requireNonNull(manager.receive(receiver));
        assertThat(barrier.text()).isEqualTo("BARRIER=1");
        assertThat(start.isAlive()).as("it waits").isTrue();
        for (int number : barrier.fds()) {
            manager.close(number);
        }
        start.join();
        store.serving();
        store.alone();
        assertThat(next()).isEqualTo(stored(name(kept, "web")));
    }

    /** The next start may go better, with the sockets that are kept. */
    @Test
    void shouldLeaveWhatIsKeptIfTheStartFails() {
        Fd kept = listening();
        store.known("web", kept.number());
        store.opened("web", kept);
        store.closing(kept);
        table.fdDelete(kept);
    }

    @Test
    void shouldStoreNothingNewWhileTheOldProcessMayServeAgain() throws IOException {
        Fd web = listening();
        Fd gone = listening();
        Fd fresh = listening();
        store.afterAnother();
        store.known("web", web.number());
        store.known("gone", gone.number());
        store.opened("web", web);
        store.opened("fresh", fresh);
        store.serving();
        assertThat(next()).isEqualTo(removed(name(gone, "gone")));
        store.alone();
        assertThat(next()).isEqualTo(stored(name(web, "web")));
        assertThat(next()).isEqualTo(stored(name(fresh, "fresh")));
        nothingIsChanged();
    }

    @Test
    void shouldRenameWithItsListener() throws IOException {
        Fd site = listening();
        store.known("web", site.number());
        store.opened("site", site);
        store.serving();
        assertThat(next()).isEqualTo(removed(name(site, "web")));
        store.alone();
        assertThat(next()).isEqualTo(stored(name(site, "site")));
        String name = name(site, "site");
        store.closing(site);
        assertThat(next()).isEqualTo(removed(name));
    }

    /** After an upgrade the old process closes its sockets, which the new one has stored. */
    @Test
    void shouldLeaveItToItsSuccessorAndTakeItBack() throws IOException {
        Fd web = listening();
        store.opened("web", web);
        store.serving();
        store.alone();
        String name = name(web, "web");
        assertThat(next()).isEqualTo(stored(name));
        store.succeeded();
        Fd copy = again(web);
        store.opened("web", copy);
        store.continues();
        assertThat(next()).isEqualTo(stored(name));
        nothingIsChanged();
        store.closing(web); // of the listener that drains; the new one has the same socket
        table.fdDelete(web);
        store.closing(copy);
        assertThat(next()).isEqualTo(removed(name));
        store.succeeded();
        store.closing(listening());
    }

    // ---- what an operator has changed -----------------------------------------------------------------------------

    /** What a process before this one may have stored of changes is to go. */
    private void nothingIsChanged() {
        assertThat(next()).isEqualTo(removed("baton-changes.a"));
        assertThat(next()).isEqualTo(removed("baton-changes.b"));
    }

    private void changeTo(ChangedListener... listeners) {
        changes = List.of(listeners);
        store.changed();
    }

    /** The fd with what was changed, which is to come next; the caller's. */
    private int nextChanges(String name) {
        Datagram message = message();
        assertThat(message.text()).isEqualTo(stored(name));
        return message.fds()[0];
    }

    /** As if this process had been given fds by their numbers, each with a name. */
    private List<ChangedListener> given(Map<Integer, String> names) {
        int last = Collections.max(names.keySet());
        String all = IntStream.rangeClosed(3, last)
                .mapToObj(number -> names.getOrDefault(number, "other"))
                .collect(Collectors.joining(":"));
        return store.keptChanges(
                Map.of("LISTEN_PID", "12", "LISTEN_FDS", Integer.toString(last - 2), "LISTEN_FDNAMES", all), 12);
    }

    @Test
    void shouldStoreWhatIsChangedAndTheNextProcessReadsTheNewest() {
        ChangedListener suspended = new ChangedListener("web", "*:80", true, "");
        ChangedListener added =
                new ChangedListener("more", "127.0.0.1:0", false, "name: more\nbind: \"127.0.0.1:0\" # ü");
        changeTo(suspended);
        store.serving(); // the old process may serve again: nothing yet
        store.alone();
        int first = nextChanges("baton-changes.a");
        assertThat(next()).isEqualTo(removed("baton-changes.b"));
        store.changed(); // the same as before
        changeTo(suspended, added);
        int second = nextChanges("baton-changes.b");
        assertThat(next()).isEqualTo(removed("baton-changes.a"));
        changeTo();
        nothingIsChanged();
        store.changed();

        // A process that dies between the two messages leaves both.
        assertThat(given(Map.of(first, "baton-changes.a", second, "baton-changes.b")))
                .containsExactly(suspended, added);
        assertThat(new File("/proc/self/fd/" + first)).as("read and closed").doesNotExist();
        store.alone();
        nothingIsChanged(); // which is what counts now
    }

    /** One that is started by another which then dies before it hands anything over: what that has stored is to go. */
    @Test
    void shouldRemoveWhatAProcessHasStoredThatDiedBeforeItHandedOver() {
        store.afterAnother();
        store.serving();
        store.alone();
        nothingIsChanged();
    }

    /** After a stop the next process begins as its file says, where the manager does not end with this one. */
    @Test
    void shouldLeaveNoChangesWhenItIsStopped() {
        store.serving();
        store.alone();
        changeTo(new ChangedListener("web", "*:80", true, ""));
        manager.close(nextChanges("baton-changes.a"));
        assertThat(next()).isEqualTo(removed("baton-changes.b"));
        store.close();
        nothingIsChanged();
    }

    /** Also if it is stopped while the process before it drains, which has stored what was changed there. */
    @Test
    void shouldLeaveNoChangesOfTheProcessBeforeWhenItIsStopped() {
        store.afterAnother();
        store.serving();
        store.close();
        nothingIsChanged();
    }

    /** One that never served, or no longer does, leaves what is stored to the one that does. */
    @Test
    void shouldLeaveChangesToTheProcessThatServes() {
        FdStore failed = store(Map.of("NOTIFY_SOCKET", address, Notifier.PARENT, "1"));
        failed.afterAnother();
        failed.close();
        store.serving();
        store.alone();
        changeTo(new ChangedListener("web", "*:80", true, ""));
        manager.close(nextChanges("baton-changes.a"));
        assertThat(next()).isEqualTo(removed("baton-changes.b"));
        store.succeeded();
    }

    /** Whatever is given as such: the process starts without it. */
    @Test
    void shouldStartWithoutChangesThatCannotBeRead() throws IOException {
        int empty = posix.memoryFile("empty");
        int wrong = posix.memoryFile("wrong");
        int cut = posix.memoryFile("cut");
        int large = posix.memoryFile("large");
        byte[] whole = new KeptChanges(1, List.of(new ChangedListener("web", "*:80", true, "text"))).bytes();
        Files.write(Path.of("/proc/self/fd/" + wrong), new byte[100]);
        Files.write(Path.of("/proc/self/fd/" + cut), Arrays.copyOf(whole, whole.length - 1));
        Files.write(Path.of("/proc/self/fd/" + large), new byte[KeptChanges.BYTES_MAX + 1]);
        String name = "baton-changes.a";
        assertThat(given(Map.of(empty, name, wrong, name, cut, name, large, name)))
                .isEmpty();
        assertThat(KeptChanges.read(whole).listeners())
                .containsExactly(new ChangedListener("web", "*:80", true, "text"));
    }

    // ---- who keeps them -------------------------------------------------------------------------------------------

    @Test
    void shouldNameTheParentThatKeepsSockets() {
        assertThat(store.keeper()).isEmpty();
        store.serving();
        await().atMost(PATIENCE).until(() -> store.keeper().equals(Optional.of(SocketKeeper.PARENT)));
    }

    @Test
    void shouldNameNobodyWhereThereIsNoManager() {
        FdStore alone = store(Map.of(Notifier.PARENT, "1"));
        alone.serving();
        alone.close();
        assertThat(alone.keeper()).isEmpty();
    }

    /** As systemd with FileDescriptorStoreMax: it keeps what it is given until it is to remove it. */
    @Test
    void shouldNameAManagerThatKeepsWhatItIsGiven() {
        FdStore asked = store(Map.of("NOTIFY_SOCKET", address));
        asked.serving();
        Datagram probe = message();
        assertThat(probe.text()).isEqualTo("FDSTORE=1\nFDNAME=baton-probe");
        assertThat(next()).isEqualTo("BARRIER=1");
        assertThat(next()).isEqualTo("FDSTOREREMOVE=1\nFDNAME=baton-probe");
        manager.close(probe.fds()[0]);
        asked.close();
        assertThat(asked.keeper()).contains(SocketKeeper.SYSTEMD);
    }

    /** As systemd without FileDescriptorStoreMax, and as other managers of the same protocol. */
    @Test
    void shouldNameNobodyIfTheManagerClosesWhatItIsGiven() {
        FdStore asked = store(Map.of("NOTIFY_SOCKET", address));
        asked.serving();
        assertThat(next()).isEqualTo("FDSTORE=1\nFDNAME=baton-probe");
        assertThat(next()).isEqualTo("BARRIER=1");
        asked.close();
        assertThat(asked.keeper()).isEmpty();
    }

    @Test
    void shouldFindWhatIsKeptForIt() {
        Map<String, String> environment = Map.of(
                "LISTEN_PID", "12", "LISTEN_FDS", "4", "LISTEN_FDNAMES", "web:baton.7.web:baton.x.y:baton.8.a.b");
        assertThat(FdStore.kept(environment, 12)).containsExactly(new Kept("web", 4), new Kept("a.b", 6));
        assertThat(FdStore.kept(environment, 13)).isEmpty();
        assertThat(FdStore.kept(Map.of("LISTEN_PID", "12", "LISTEN_FDS", "x", "LISTEN_FDNAMES", "baton.7.web"), 12))
                .isEmpty();
        assertThat(FdStore.kept(Map.of("LISTEN_PID", "12", "LISTEN_FDS", "0", "LISTEN_FDNAMES", "baton.7.web"), 12))
                .isEmpty();
        assertThat(FdStore.kept(Map.of("LISTEN_PID", "12", "LISTEN_FDS", "5"), 12))
                .isEmpty();
    }
}
