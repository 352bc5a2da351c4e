package dev.baton.runtime.fd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.ArgumentMatchers.anyInt;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A plugin that guesses the pair of an fd must not be able to delete it: every listener and poller could be had so. */
class OwnedFdsTest {
    private static final int NUMBER = 700;

    private final Posix posix = mock(Posix.class);
    private final FdPollers pollers = mock(FdPollers.class);
    private final FdTable table = new FdTable(posix, pollers, new FdObservers());
    private final OwnedFds mine = new OwnedFds(table, "mine");

    @BeforeEach
    void closeTakesAnFdOutOfThePollers() {
        when(pollers.closeRemoves()).thenReturn(true);
    }

    @Test
    void shouldDeleteWhatThePluginHasInsertedOnce() {
        Fd fd = mine.fdInsert(NUMBER, FdKind.POLLER);

        assertThat(mine.fdDelete(fd)).isTrue();
        assertThat(mine.fdDelete(fd)).isFalse();
        verify(posix).close(NUMBER);
    }

    @Test
    void shouldDeleteAConnectionThatServesThePlugin() {
        Fd fd = table.fdInsert(NUMBER, FdKind.DOWNSTREAM, "mine", mock(FdHandler.class), 0);
        table.leave(fd);

        assertThat(mine.fdDelete(fd)).isTrue();
        verify(posix).close(NUMBER);
    }

    @Test
    void shouldNotDeleteWhatTheRuntimeHasInserted() {
        table.fdInsert(NUMBER, FdKind.LISTENER);

        assertThatThrownBy(() -> mine.fdDelete(new Fd(NUMBER, 0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("fd 700/0 belongs to the runtime: plugin mine may delete only what it has inserted and the"
                        + " connections of its own services");
        verify(posix, never()).close(anyInt());
        assertThat(table.isLive(new Fd(NUMBER, 0))).isTrue();
    }

    @Test
    void shouldNotDeleteWhatAnotherPluginHasInserted() {
        Fd fd = new OwnedFds(table, "other").fdInsert(NUMBER, FdKind.POLLER);

        assertThatThrownBy(() -> mine.fdDelete(fd))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("belongs to plugin other");
        verify(posix, never()).close(anyInt());
    }

    @Test
    void shouldRefusePairsThatNeverWere() {
        assertThat(mine.fdDelete(new Fd(NUMBER, 0))).isFalse();
        assertThat(mine.fdDelete(new Fd(-1, 0))).isFalse();
        assertThat(mine.fdDelete(new Fd(FdTable.MAX_FDS, 0))).isFalse();
    }

    @Test
    void shouldNotInsertANumberThatIsInTheTable() {
        table.fdInsert(NUMBER, FdKind.LISTENER);

        assertThatThrownBy(() -> mine.fdInsert(NUMBER, FdKind.POLLER))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("is in the table already");
    }
}
