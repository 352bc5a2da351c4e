package dev.baton.plugin.takeover;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The stack of idle connections once more, of numbers, with one deliberate error or none. */
final class MutantStack implements Stack {

    /** What is wrong. */
    enum Mutation {
        NONE,
        /** Pushes in two steps: what was popped meanwhile comes back, or what a walk unlinked. */
        PUSH_IN_TWO_STEPS,
        /** Pops in two steps: what was pushed meanwhile is lost. */
        POP_IN_TWO_STEPS,
        /** Wins an entry in two steps: it is taken and withdrawn. */
        WIN_IN_TWO_STEPS,
        /** Clears the link before the node is its own: whoever else looks at it loses the rest. */
        CLEARS_LINK_FIRST,
        /** A walk unlinks the head in two steps: what was pushed meanwhile is lost. */
        UNLINKS_HEAD_IN_TWO_STEPS,
        /** A walk unlinks what has been taken or withdrawn and the live one after it. */
        UNLINKS_NEXT_TOO,
        /** A dead node counts off twice: by the walk and by a pop (R33). */
        COUNTS_OFF_TWICE
    }

    private static final int IN = 0;
    private static final int TAKEN = 1;
    private static final int DEAD = 2;
    private static final int UNLINKED = 3;

    private static final class Node {
        final int id;
        final AtomicInteger state = new AtomicInteger(IN);
        final AtomicReference<@Nullable Node> next = new AtomicReference<>();

        Node(int id) {
            this.id = id;
        }
    }

    private final Mutation mutation;
    private final AtomicReference<@Nullable Node> head = new AtomicReference<>();
    private final AtomicInteger dead = new AtomicInteger();
    private final AtomicInteger walking = new AtomicInteger();
    private final AtomicReference<@Nullable Node>[] nodes;

    @SuppressWarnings({"unchecked", "rawtypes"})
    MutantStack(Mutation mutation) {
        this.mutation = mutation;
        nodes = new AtomicReference[IDS];
        for (int id = 0; id < IDS; id++) {
            nodes[id] = new AtomicReference<>();
        }
    }

    private boolean head(@Nullable Node before, @Nullable Node after, Mutation inTwoSteps) {
        if (mutation == inTwoSteps) {
            head.set(after);
            return true;
        }
        return head.compareAndSet(before, after);
    }

    @Override
    public void push(int id) {
        Node node = new Node(id);
        nodes[id].set(node);
        Node first;
        do {
            first = head.get();
            node.next.set(first);
        } while (!head(first, node, Mutation.PUSH_IN_TWO_STEPS));
    }

    @Override
    public int pop() {
        while (true) {
            Node first = head.get();
            if (first == null) {
                return NOTHING;
            }
            Node second = first.next.get();
            if (mutation == Mutation.CLEARS_LINK_FIRST) {
                first.next.set(null);
            }
            if (!head(first, second, Mutation.POP_IN_TWO_STEPS)) {
                continue;
            }
            first.next.set(null);
            if (win(first, TAKEN)) {
                return first.id;
            }
            unlinked(first);
        }
    }

    private boolean win(Node node, int state) {
        if (mutation == Mutation.WIN_IN_TWO_STEPS) {
            boolean in = node.state.get() == IN;
            if (in) {
                node.state.set(state);
            }
            return in;
        }
        return node.state.compareAndSet(IN, state);
    }

    @Override
    public boolean withdraw(int id) {
        Node node = nodes[id].get();
        if (node == null || !win(node, DEAD)) {
            return false;
        }
        dead.incrementAndGet();
        return true;
    }

    @Override
    public void walk() {
        if (!walking.compareAndSet(0, 1)) {
            return;
        }
        Node previous = null;
        Node node = head.get();
        while (node != null) {
            Node next = node.next.get();
            if (mutation == Mutation.UNLINKS_NEXT_TOO && node.state.get() != IN && next != null) {
                next = next.next.get();
            }
            if (node.state.get() == IN || !unlink(previous, node, next)) {
                previous = node;
            }
            node = next;
        }
        walking.set(0);
    }

    private boolean unlink(@Nullable Node previous, Node node, @Nullable Node next) {
        if (previous != null) {
            previous.next.set(next);
        } else if (!head(node, next, Mutation.UNLINKS_HEAD_IN_TWO_STEPS)) {
            return false;
        }
        unlinked(node);
        return true;
    }

    private void unlinked(Node node) {
        if (mutation == Mutation.COUNTS_OFF_TWICE
                ? node.state.get() != TAKEN
                : node.state.compareAndSet(DEAD, UNLINKED)) {
            dead.decrementAndGet();
        }
    }

    @Override
    public int dead() {
        return dead.get();
    }
}
