package dev.baton.plugin.takeover;

import dev.baton.lincheck.Interleavings;
import dev.baton.plugin.takeover.MutantStack.Mutation;
import dev.baton.testkit.FakeConnection;
import dev.baton.testkit.ManualLoop;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Rows R32 and R33 of the list of races: an idle connection is handed out or withdrawn once, never both, none is lost
 * beside walks that unlink the dead, and no dead node is counted off twice.
 *
 * <p>There is no specification to compare the answers with: the stack is none that one could tell the order of. A
 * popper that has unlinked a node and not won it yet is overtaken by others, who get what lay below it.
 */
class IdleStackLincheckTest {
    private static volatile Mutation mutation = Mutation.NONE;

    /** The loop, thread 1, pushes; everybody pops, withdraws and walks. */
    private static final String[] SCENARIOS = {
        "push 2 | pop",
        "push 2, push 3 | pop, pop",
        "push 2, pop | pop",
        "pop | pop | pop",
        "pop, pop | withdraw 0, withdraw 1",
        "pop | withdraw 1, walk",
        "withdraw 1, walk | pop, pop",
        "push 2 | withdraw 1, walk",
        "push 2, walk | withdraw 1, pop",
        "withdraw 0, walk | pop | pop",
        "push 2, withdraw 2, walk | withdraw 0, walk, pop",
        "walk, push 2 | withdraw 1, withdraw 0 | pop",
    };

    /** Two are in from the start, 0 below 1. */
    public abstract static class World {
        private final Stack stack = stack();
        private final AtomicIntegerArray in = new AtomicIntegerArray(Stack.IDS);
        private final AtomicIntegerArray out = new AtomicIntegerArray(Stack.IDS);

        World() {
            push(0);
            push(1);
        }

        abstract Stack stack();

        @Operation
        public final void push(@Param(gen = IntGen.class, conf = "2:3") int id) {
            in.incrementAndGet(id);
            stack.push(id);
        }

        @Operation
        public final int pop() {
            int id = stack.pop();
            if (id != Stack.NOTHING) {
                left(id);
            }
            return id;
        }

        @Operation
        public final boolean withdraw(@Param(gen = IntGen.class, conf = "0:3") int id) {
            boolean withdrawn = stack.withdraw(id);
            if (withdrawn) {
                left(id);
            }
            return withdrawn;
        }

        @Operation
        public final void walk() {
            stack.walk();
        }

        private void left(int id) {
            if (out.incrementAndGet(id) > 1) {
                throw new AssertionError(id + " was handed out twice");
            }
        }

        @Validate
        public final void quiet() {
            while (pop() != Stack.NOTHING) {
                // takes what is left
            }
            for (int id = 0; id < Stack.IDS; id++) {
                if (in.get(id) != out.get(id)) {
                    throw new AssertionError(id + " was lost");
                }
            }
            if (stack.dead() != 0) {
                throw new AssertionError(stack.dead() + " dead nodes in an empty stack");
            }
        }
    }

    /** The stack of the pool. */
    public static final class Real extends World {
        @Override
        Stack stack() {
            return new RealStack();
        }
    }

    /** The copy. */
    public static final class Mutant extends World {
        @Override
        Stack stack() {
            return new MutantStack(mutation);
        }
    }

    private static final ManualLoop LOOP = new ManualLoop(0);
    private static final FakeConnection[] CONNECTIONS = new FakeConnection[Stack.IDS];

    static {
        for (int id = 0; id < Stack.IDS; id++) {
            CONNECTIONS[id] = new FakeConnection(LOOP);
        }
    }

    private static final class RealStack implements Stack {
        private static final int NEVER_WALKS_BY_ITSELF = 1_000_000;

        private final IdleStack stack = new IdleStack(LOOP);
        private final AtomicReferenceArray<@Nullable IdleEntry> entries = new AtomicReferenceArray<>(IDS);

        @Override
        public void push(int id) {
            IdleEntry entry = new IdleEntry(stack, CONNECTIONS[id], id, 0);
            entries.set(id, entry);
            stack.push(entry);
        }

        @Override
        public int pop() {
            IdleEntry entry = stack.pop();
            if (entry == null) {
                return NOTHING;
            }
            if (entry.connection() != CONNECTIONS[entry.since]) {
                throw new AssertionError("handed out without its connection");
            }
            return entry.since;
        }

        @Override
        public boolean withdraw(int id) {
            IdleEntry entry = entries.get(id);
            if (entry == null || entry.withdraw() == null) {
                return false;
            }
            stack.withdrawn(NEVER_WALKS_BY_ITSELF);
            return true;
        }

        @Override
        public void walk() {
            stack.walk(entry -> false);
        }

        @Override
        public int dead() {
            return stack.deadCount();
        }
    }

    private static Interleavings of(Class<?> world) {
        return Interleavings.ofSelfChecking(world).scenarios(SCENARIOS);
    }

    @Test
    void nothingIsLostOrHandedOutTwice() {
        of(Real.class).mustPass();
    }

    @Test
    void theCopyWithoutAnErrorPasses() {
        mutation = Mutation.NONE;
        of(Mutant.class).mustPass();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void everyErrorIsFound(Mutation error) {
        mutation = error;
        of(Mutant.class).mustFail(error);
    }
}
