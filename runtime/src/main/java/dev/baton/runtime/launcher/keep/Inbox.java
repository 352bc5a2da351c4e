package dev.baton.runtime.launcher.keep;

import dev.baton.runtime.posix.ParentCalls;
import dev.baton.runtime.posix.ParentCalls.Datagram;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.IntPredicate;

/**
 * The messages that come to this process. Everybody on the machine can send some, so only those of processes of the
 * server count; of the others nothing stays, no fd either.
 */
final class Inbox {
    /** At once: a flood must not keep this process from what else there is. */
    private static final int READ_MAX = 256;
    /** Between two lines about messages that are refused. */
    private static final long SAID_NANOS = 1_000_000_000;

    private final ParentCalls calls;
    private final int receiver;
    private final IntPredicate ours;
    private final HeldSockets sockets;
    private final Consumer<String> say;
    private boolean anyRefused;
    private long refusedAt;

    /**
     * Reads nothing yet.
     *
     * @param receiver where messages come
     * @param ours whether a pid is that of a process of the server
     * @param say prints a line
     */
    Inbox(ParentCalls calls, int receiver, IntPredicate ours, HeldSockets sockets, Consumer<String> say) {
        this.calls = calls;
        this.receiver = receiver;
        this.ours = ours;
        this.sockets = sockets;
        this.say = say;
    }

    /**
     * Reads what has come, and holds or closes sockets as it says.
     *
     * @param heard is given each message of the server, and the pid of the process that sent it
     */
    void read(BiConsumer<Notification, Integer> heard) {
        for (int i = 0; i < READ_MAX; i++) {
            Datagram message = calls.receive(receiver);
            if (message == null) {
                return;
            }
            read(message, heard);
        }
    }

    private void read(Datagram message, BiConsumer<Notification, Integer> heard) {
        int[] fds = message.fds();
        int taken = 0;
        try {
            if (!message.whole()) {
                refuse(message, "it is too long, or there was no room for its fds");
                return;
            } else if (!ours.test(message.sender())) {
                refuse(message, "that is no process of the server");
                return;
            }
            Notification said = new Notification(message.text());
            if (said.stores()) {
                while (taken < fds.length) {
                    String problem = sockets.store(said.fdName(), fds[taken++]);
                    if (problem != null) {
                        refuse(message, problem);
                    }
                }
            } else if (said.removes()) {
                sockets.remove(said.fdName());
            }
            heard.accept(said, message.sender());
        } finally {
            for (int i = taken; i < fds.length; i++) {
                calls.close(fds[i]); // one of a barrier too: that is the answer
            }
        }
    }

    private void refuse(Datagram message, String why) {
        long now = System.nanoTime();
        if (!anyRefused || now - refusedAt > SAID_NANOS) {
            anyRefused = true;
            refusedAt = now;
            say.accept("refused a message of process " + message.sender() + ": " + why);
        }
    }
}
