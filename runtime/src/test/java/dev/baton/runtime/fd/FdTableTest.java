package dev.baton.runtime.fd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.ArgumentMatchers.anyInt;
import static org.mockito.Mockito.inOrder;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import dev.baton.runtime.fd.FdTable.Entry;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.fd.FdInfo;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.posix.Errno;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.mockito.InOrder;

/** Every row of the transition table in {@link ClaimWord}, and what the finalizer does and in which order. */
class FdTableTest {
    private static final int NUMBER = 700;
    private static final int A = 0;
    private static final int B = 1;

    private final Posix posix = mock(Posix.class);
    private final FdPollers pollers = mock(FdPollers.class);
    private final FdHandler handler = mock(FdHandler.class);
    private final FdObservers observers = new FdObservers();
    private final FdTable table = new FdTable(posix, pollers, observers);

    @BeforeEach
    void closeTakesAnFdOutOfThePollers() {
        when(pollers.closeRemoves()).thenReturn(true);
    }

    private Fd insertOwnedBy(int owner) {
        return table.fdInsert(NUMBER, FdKind.DOWNSTREAM, "test", handler, owner);
    }

    private Fd idleOwnedBy(int owner) {
        Fd fd = insertOwnedBy(owner);
        table.leave(fd);
        return fd;
    }

    private Entry enter(Fd fd, int loop) {
        return table.enter(fd.number(), fd.generation(), loop);
    }

    private FdState state(Fd fd) {
        List<FdState> found = new ArrayList<>();
        table.forEach(s -> {
            if (s.fd().equals(fd)) {
                found.add(s);
            }
        });
        assertThat(found).hasSize(1);
        return found.get(0);
    }

    // Row 1

    @Test
    void row1InsertMakesItLiveWithOneClaim() {
        Fd fd = insertOwnedBy(A);
        assertThat(fd).isEqualTo(new Fd(NUMBER, 0));
        assertThat(table.isLive(fd)).isTrue();
        assertThat(table.owner(fd)).isEqualTo(A);
        assertThat(state(fd).running()).isEqualTo(1);
        assertThat(table.handler(NUMBER)).isSameAs(handler);
        assertThat(observers.counters().openFds()).isEqualTo(1);
    }

    @Test
    void row1InsertOfANumberThatIsInTheTableIsAnError() {
        // R10: somebody closed it with a raw close(2), and the kernel gave the number out again.
        insertOwnedBy(A);
        assertThatThrownBy(() -> insertOwnedBy(B))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("fd 700 is in the table already (LIVE generation 0 owner 0 running 1): this number was"
                        + " closed without fdDelete");
    }

    @Test
    void row1InsertRefusesNumbersOutsideOfTheTable() {
        assertThatThrownBy(() -> table.fdInsert(FdTable.MAX_FDS, FdKind.POLLER))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> table.fdInsert(-1, FdKind.POLLER)).isInstanceOf(IllegalArgumentException.class);
        assertThat(table.fdInsert(FdTable.MAX_FDS - 1, FdKind.POLLER).number()).isEqualTo(FdTable.MAX_FDS - 1);
    }

    // Rows 2 to 4

    @Test
    void row2TheOwnerEnters() {
        Fd fd = idleOwnedBy(A);
        assertThat(enter(fd, A)).isEqualTo(Entry.ENTERED);
        assertThat(state(fd).running()).isEqualTo(1);
    }

    @Test
    void row2EachSharerEntersTogetherWithTheOthers() {
        Fd fd = table.fdInsertShared(NUMBER, FdKind.LISTENER, "test", handler, A, B);
        table.leave(fd);
        assertThat(enter(fd, A)).isEqualTo(Entry.ENTERED);
        assertThat(enter(fd, B)).isEqualTo(Entry.ENTERED);
        assertThat(state(fd).running()).isEqualTo(2);
        assertThat(state(fd).owner()).isEqualTo(FdTable.SHARED);
        assertThat(enter(fd, 2)).isEqualTo(Entry.NOT_OWNER);
    }

    @Test
    void row3AnotherLoopIsRefused() {
        Fd fd = idleOwnedBy(A);
        assertThat(enter(fd, B)).isEqualTo(Entry.NOT_OWNER);
        assertThat(state(fd).running()).isZero();
    }

    @Test
    void row4AnEventOfAnOlderGenerationIsStale() {
        // R15: fetched before the close, dispatched after the number was reopened.
        Fd old = idleOwnedBy(A);
        table.fdDelete(old);
        Fd young = idleOwnedBy(A);
        assertThat(young).isEqualTo(new Fd(NUMBER, 1));
        assertThat(enter(old, A)).isEqualTo(Entry.STALE);
        assertThat(enter(young, A)).isEqualTo(Entry.ENTERED);
    }

    @Test
    void row4AFreeSlotAnOrphanAndANumberNeverSeenAreStale() {
        Fd fd = insertOwnedBy(A);
        table.fdDelete(fd);
        assertThat(enter(fd, A)).isEqualTo(Entry.STALE); // ORPHANED
        table.leave(fd);
        assertThat(enter(fd, A)).isEqualTo(Entry.STALE); // FREE
        assertThat(table.enter(FdTable.MAX_FDS - 1, 0, A)).isEqualTo(Entry.STALE);
    }

    // Rows 5 and 6

    @Test
    void row5LeaveOfALiveFdClosesNothing() {
        Fd fd = insertOwnedBy(A);
        table.leave(fd);
        assertThat(state(fd).running()).isZero();
        verify(posix, never()).close(anyInt());
    }

    @Test
    void row5AndRow6TheLastOfSeveralUsersClosesAnOrphan() {
        Fd fd = table.fdInsertShared(NUMBER, FdKind.LISTENER, "test", handler, A, B);
        enter(fd, A);
        enter(fd, B);
        table.fdDelete(fd);
        table.leave(fd);
        table.leave(fd);
        verify(posix, never()).close(anyInt());
        assertThat(observers.counters().orphans()).isEqualTo(1);
        table.leave(fd);
        verify(posix, times(1)).close(NUMBER);
        assertThat(observers.counters().orphans()).isZero();
        assertThat(observers.counters().closes(ClosedBy.LEAVER)).isEqualTo(1);
        assertThat(observers.counters().closes(ClosedBy.DELETER)).isZero();
    }

    // Rows 7 and 8

    @Test
    void row7AnIdleFdIsTakenOver() {
        Fd fd = idleOwnedBy(A);
        assertThat(table.fdTakeover(fd, B, FdTable.ANY_VICTIM)).isEqualTo(A);
        assertThat(table.owner(fd)).isEqualTo(B);
        assertThat(state(fd).running()).isEqualTo(1);
        assertThat(state(fd).takeovers()).isEqualTo(1);
        assertThat(enter(fd, A)).isEqualTo(Entry.NOT_OWNER);
        assertThat(observers.counters().takeovers(TakeoverResult.TAKEN)).isEqualTo(1);
    }

    @Test
    void row7ARescueTakesOnlyFromItsVictim() {
        // F5: the rescue comes late, the fd is a healthy loop's by now.
        Fd fd = idleOwnedBy(A);
        assertThat(table.fdTakeover(fd, B, 2)).isEqualTo(FdTable.BUSY);
        assertThat(table.owner(fd)).isEqualTo(A);
        assertThat(table.fdTakeover(fd, B, A)).isEqualTo(A);
    }

    @Test
    void row7AnFdThatNobodyOwnsIsTakenByItsFirstLoopAndIsNoTakeover() {
        Fd fd = idleOwnedBy(FdTable.NONE);
        assertThat(enter(fd, A)).isEqualTo(Entry.NOT_OWNER);
        assertThat(table.fdTakeover(fd, A, FdTable.NONE)).isEqualTo(FdTable.NONE);
        assertThat(state(fd).takeovers()).isZero();
        assertThat(observers.counters().takeovers(TakeoverResult.TAKEN)).isZero();
    }

    @Test
    void row8ARefusedTakeoverWritesNothing() {
        // R29
        Fd busy = insertOwnedBy(A);
        assertThat(table.fdTakeover(busy, B, FdTable.ANY_VICTIM)).isEqualTo(FdTable.BUSY);
        assertThat(state(busy).owner()).isEqualTo(A);
        assertThat(state(busy).running()).isEqualTo(1);
        table.leave(busy);
        assertThat(table.fdTakeover(busy, A, FdTable.ANY_VICTIM)).isEqualTo(FdTable.BUSY); // its own
        table.fdDelete(busy);
        assertThat(table.fdTakeover(busy, B, FdTable.ANY_VICTIM)).isEqualTo(FdTable.GONE);
        Fd shared = table.fdInsertShared(NUMBER, FdKind.LISTENER, "test", handler, A);
        table.leave(shared);
        assertThat(table.fdTakeover(shared, B, FdTable.ANY_VICTIM)).isEqualTo(FdTable.BUSY);
        assertThat(table.fdTakeover(busy, B, FdTable.ANY_VICTIM)).isEqualTo(FdTable.GONE); // other generation
        assertThat(observers.counters().takeovers(TakeoverResult.BUSY)).isEqualTo(3);
        assertThat(observers.counters().takeovers(TakeoverResult.GONE)).isEqualTo(2);
    }

    // Rows 9 to 12

    @Test
    void row9DeleteOfAnIdleFdClosesAtOnce() {
        Fd fd = idleOwnedBy(A);
        assertThat(table.fdDelete(fd)).isTrue();
        verify(posix, times(1)).close(NUMBER);
        assertThat(table.isLive(fd)).isFalse();
        assertThat(table.owner(fd)).isEqualTo(FdTable.GONE);
        assertThat(observers.counters().closes(ClosedBy.DELETER)).isEqualTo(1);
        assertThat(observers.counters().openFds()).isZero();
    }

    @Test
    void row10DeleteOfABusyFdReturnsAtOnceAndTheLeaveCloses() {
        Fd fd = insertOwnedBy(A);
        assertThat(table.fdDelete(fd)).isTrue();
        verify(posix, never()).close(anyInt());
        assertThat(state(fd).orphaned()).isTrue();
        assertThat(state(fd).loops()).containsExactly(A);
        table.leave(fd);
        verify(posix, times(1)).close(NUMBER);
    }

    @Test
    void row10ADeleteThatComesWhileAThiefHoldsItsClaimIsTheThiefsToClose() {
        Fd fd = idleOwnedBy(A);
        table.fdTakeover(fd, B, FdTable.ANY_VICTIM);
        table.fdDelete(fd);
        verify(posix, never()).close(anyInt());
        table.leave(fd);
        verify(posix, times(1)).close(NUMBER);
        verify(handler).finalizing(B);
    }

    @Test
    void row11AHolderDeletesAndLeavesInOneStep() {
        Fd fd = insertOwnedBy(A);
        assertThat(table.fdDeleteAndLeave(fd)).isTrue();
        verify(posix, times(1)).close(NUMBER);
        assertThat(observers.counters().closes(ClosedBy.DELETER)).isEqualTo(1);
    }

    @Test
    void row11WithOthersInsideTheLastLeaveCloses() {
        Fd fd = table.fdInsertShared(NUMBER, FdKind.LISTENER, "test", handler, A, B);
        enter(fd, A);
        assertThat(table.fdDeleteAndLeave(fd)).isTrue();
        verify(posix, never()).close(anyInt());
        table.leave(fd);
        verify(posix, times(1)).close(NUMBER);
    }

    @Test
    void row11AfterSomebodyElsesDeleteTheClaimIsStillHeld() {
        Fd fd = insertOwnedBy(A);
        table.fdDelete(fd);
        assertThat(table.fdDeleteAndLeave(fd)).isFalse();
        verify(posix, never()).close(anyInt());
        table.leave(fd);
        verify(posix, times(1)).close(NUMBER);
    }

    @Test
    void row12DeletingTwiceOrLateIsHarmless() {
        Fd fd = insertOwnedBy(A);
        assertThat(table.fdDelete(fd)).isTrue();
        assertThat(table.fdDelete(fd)).isFalse(); // ORPHANED
        table.leave(fd);
        assertThat(table.fdDelete(fd)).isFalse(); // FREE
        Fd next = idleOwnedBy(A);
        assertThat(table.fdDelete(fd)).isFalse(); // other generation
        assertThat(table.isLive(next)).isTrue();
        assertThat(table.fdDelete(new Fd(FdTable.MAX_FDS - 1, 0))).isFalse();
        verify(posix, times(1)).close(NUMBER);
    }

    // Row 13

    @Test
    void row13TheFinalizerTellsTheHooksPublishesTheOwnerFreesTheSlotAndClosesLast() {
        FdHook hook = mock(FdHook.class);
        observers.hooks().set(List.of(new PluginHook("test", hook)), (plugin, cause) -> {});
        when(posix.close(NUMBER)).thenAnswer(call -> {
            // The slot is FREE by now: the kernel may give the number out at once, and it is inserted again.
            Fd again = table.fdInsert(NUMBER, FdKind.POLLER);
            assertThat(again).isEqualTo(new Fd(NUMBER, 1));
            return 0;
        });
        Fd fd = idleOwnedBy(A);
        table.fdDelete(fd);
        InOrder order = inOrder(hook, handler, posix);
        order.verify(hook).inserted(new FdInfo(fd, FdKind.DOWNSTREAM, "test"));
        order.verify(hook).closed(new FdInfo(fd, FdKind.DOWNSTREAM, "test"), ClosedBy.DELETER);
        order.verify(handler).finalizing(A);
        order.verify(posix).close(NUMBER);
        order.verify(handler).closed();
    }

    @Test
    void theTimeThatAHookTakesIsCountedForItsPlugin() {
        FdHook slow = mock(FdHook.class, call -> {
            long begun = System.nanoTime();
            while (System.nanoTime() - begun < PluginHook.SLOW_NANOS) {
                Thread.onSpinWait();
            }
            return null;
        });
        observers
                .hooks()
                .set(
                        List.of(new PluginHook("slow", slow), new PluginHook("quick", new FdHook() {})),
                        (plugin, cause) -> {});
        table.fdDelete(idleOwnedBy(A));

        assertThat(observers.hooks().all()).extracting(PluginHook::plugin).containsExactly("slow", "quick");
        assertThat(observers.hooks().all().get(0).millis()).isGreaterThanOrEqualTo(10);
    }

    @Test
    void aHookThatThrowsIsCountedAndChangesNothing() {
        List<String> failed = new ArrayList<>();
        FdHook bad = mock(FdHook.class, call -> {
            throw new StackOverflowError("hook");
        });
        FdHook good = mock(FdHook.class);
        observers
                .hooks()
                .set(
                        List.of(new PluginHook("bad", bad), new PluginHook("good", good)),
                        (plugin, cause) -> failed.add(plugin + " " + cause.getMessage()));
        Fd fd = insertOwnedBy(A);
        table.fdDelete(fd);
        table.leave(fd);
        verify(posix, times(1)).close(NUMBER);
        verify(good).orphaned(new FdInfo(fd, FdKind.DOWNSTREAM, "test"));
        verify(good).closed(new FdInfo(fd, FdKind.DOWNSTREAM, "test"), ClosedBy.LEAVER);
        assertThat(failed).containsExactly("bad hook", "bad hook", "bad hook");
    }

    @Test
    void aCloseThatFailsIsNotRetried() {
        when(posix.close(NUMBER)).thenReturn(-Errno.EINTR);
        Fd fd = idleOwnedBy(A);
        assertThat(table.fdDelete(fd)).isTrue();
        verify(posix, times(1)).close(NUMBER);
        assertThat(table.isLive(idleOwnedBy(B))).isTrue();
    }

    @Test
    void anFdThatSomebodyElseHoldsIsTakenOutOfThePollersBeforeItIsClosed() {
        // R16
        Fd fd = idleOwnedBy(A);
        table.heldElsewhere(fd);
        table.fdDelete(fd);
        InOrder order = inOrder(pollers, posix);
        order.verify(pollers).remove(A, fd);
        order.verify(posix).close(NUMBER);
    }

    @Test
    void aPollerThatKeepsFdsItselfIsToldOfEachSharer() {
        when(pollers.closeRemoves()).thenReturn(false);
        Fd fd = table.fdInsertShared(NUMBER, FdKind.LISTENER, "test", handler, A, B);
        table.leave(fd);
        table.fdDelete(fd);
        verify(pollers).remove(A, fd);
        verify(pollers).remove(B, fd);
    }

    @Test
    void aDisownedFdIsForgottenAndNotClosed() {
        // R11
        FdHook hook = mock(FdHook.class);
        observers.hooks().set(List.of(new PluginHook("test", hook)), (plugin, cause) -> {});
        Fd fd = idleOwnedBy(A);
        assertThat(table.fdDisown(fd)).isTrue();
        verify(posix, never()).close(anyInt());
        verify(pollers).remove(A, fd);
        verify(hook).closed(new FdInfo(fd, FdKind.DOWNSTREAM, "test"), ClosedBy.DELETER);
        assertThat(table.fdDisown(fd)).isFalse();
    }

    /** Somebody was faster: then the number is nobody's but the last user's, who closes it. */
    @Test
    void anFdThatWasDeletedBeforeItWasDisownedIsClosed() {
        Fd fd = idleOwnedBy(A);
        assertThat(table.enter(fd.number(), fd.generation(), A)).isEqualTo(FdTable.Entry.ENTERED);
        table.fdDelete(fd);
        assertThat(table.fdDisown(fd)).isFalse();
        verify(posix, never()).close(anyInt());
        table.leave(fd);
        verify(posix, times(1)).close(NUMBER);
    }

    @Test
    void heldElsewhereAndDisownOfAnOldGenerationHitNobody() {
        // J5
        Fd old = idleOwnedBy(A);
        table.fdDelete(old);
        Fd young = idleOwnedBy(A);
        table.heldElsewhere(old);
        assertThat(table.fdDisown(old)).isFalse();
        table.fdDelete(young);
        verify(pollers, never()).remove(anyInt(), org.mockito.ArgumentMatchers.any());
        verify(posix, times(2)).close(NUMBER);
    }

    @Test
    void snapshotsShowEveryFdByNumber() {
        Fd late = table.fdInsert(90_000, FdKind.UPSTREAM, "proxy", handler, B);
        Fd early = table.fdInsert(3, FdKind.WAKEUP);
        List<String> seen = new ArrayList<>();
        table.forEach(s -> seen.add(s.fd() + " " + s.kind().word() + " " + s.owner() + " " + s.running() + " "
                + s.plugin() + " " + s.orphaned()));
        assertThat(seen)
                .containsExactly(
                        early + " wakeup " + FdTable.NONE + " 0 runtime false",
                        late + " upstream " + B + " 1 proxy false");
    }
}
