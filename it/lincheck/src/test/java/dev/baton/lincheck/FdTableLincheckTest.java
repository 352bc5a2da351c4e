package dev.baton.lincheck;

import dev.baton.lincheck.MutantTable.Mutation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Rows R02, R03, R05, R10, R15, R29 of the list of races, and the seed: enter, leave, takeover, the deletes and the
 * reuse of a number, over two generations, in the interleavings of two and three threads.
 */
class FdTableLincheckTest {
    /** Read when a world is made. */
    private static volatile Mutation mutation = Mutation.NONE;

    private static final String[] OWNED = {
        // An event, and what can come between.
        "enter 0, leave 0 | delete 0",
        "enter 0, leave 0, enter 0 | takeover 0",
        "enter 0, deleteAndLeave 0 | delete 0",
        "enter 0, deleteAndLeave 0, leave 0 | takeover 0, leave 0",
        "enter 0, delete 0, leave 0 | takeover 0, deleteAndLeave 0",
        // The seed: the thief closes while the late event enters.
        "enter 0, leave 0 | takeover 0, deleteAndLeave 0",
        // Thieves, of each other and with a deleter.
        "delete 0 | takeover 0, leave 0",
        "delete 0 | delete 0",
        "enter 0, leave 0 | takeover 0, leave 0 | takeover 0, leave 0",
        "delete 0 | takeover 0, leave 0 | takeover 0",
        // The number comes back: late operations on generation 0 meet generation 1.
        "delete 0, reopen | enter 0, leave 0",
        "enter 0, leave 0 | delete 0, reopen",
        "takeover 0, leave 0 | delete 0, reopen, enter 1, leave 1",
        "delete 0, delete 0 | reopen, reopen",
        "delete 0, delete 0 | delete 0, reopen",
        "enter 0, deleteAndLeave 0, enter 1 | reopen, enter 1, leave 1",
        "delete 0, reopen, enter 1, leave 1 | takeover 1, deleteAndLeave 1",
        "enter 0, leave 0, enter 1 | delete 0, reopen | takeover 0, delete 0",
    };

    private static final String[] SHARED = {
        "enter 0, leave 0 | enter 0, leave 0 | delete 0",
        "enter 0, deleteAndLeave 0 | enter 0, leave 0",
        "enter 0, deleteAndLeave 0, leave 0 | enter 0, deleteAndLeave 0, leave 0",
        "enter 0, delete 0, leave 0 | enter 0, leave 0 | enter 0, delete 0",
        "enter 0, leave 0 | delete 0 | takeover 0, reopen",
        "enter 0, leave 0 | enter 0, leave 0 | delete 0, reopen",
    };

    /** An fd of loop 1. */
    public static final class Owned extends TableWorld {
        public Owned() {
            super(RealTable::new);
        }
    }

    /** An fd that loops 1 and 2 share; a third thread is no sharer. */
    public static final class Shared extends TableWorld {
        public Shared() {
            super(RealTable::new, 1, 2);
        }
    }

    /** As {@link Owned}, with the mutant. */
    public static final class MutantOwned extends TableWorld {
        public MutantOwned() {
            super(kernel -> new MutantTable(mutation, kernel));
        }
    }

    /** As {@link Shared}, with the mutant. */
    public static final class MutantShared extends TableWorld {
        public MutantShared() {
            super(kernel -> new MutantTable(mutation, kernel), 1, 2);
        }
    }

    private static Interleavings owned(Class<?> world) {
        return Interleavings.of(world, TableSpec.Owned.class).scenarios(OWNED);
    }

    private static Interleavings shared(Class<?> world) {
        return Interleavings.of(world, TableSpec.Shared.class).scenarios(SHARED);
    }

    @Test
    void anOwnedFdAnswersAsSpecifiedAndIsClosedOnce() {
        owned(Owned.class).random(2, 4).mustPass();
    }

    @Test
    void aSharedFdAnswersAsSpecifiedAndIsClosedOnce() {
        shared(Shared.class).random(3, 3).mustPass();
    }

    @Test
    void theCopyWithoutAnErrorPasses() {
        mutation = Mutation.NONE;
        owned(MutantOwned.class).mustPass();
        shared(MutantShared.class).mustPass();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void everyErrorIsFound(Mutation error) {
        mutation = error;
        boolean ofShared = error.name().contains("SHARE") || error == Mutation.DELETE_AND_LEAVE_CLOSES_AT_ONCE;
        (ofShared ? shared(MutantShared.class) : owned(MutantOwned.class)).mustFail(error);
    }
}
