package dev.baton.runtime.launcher.keep;

import dev.baton.runtime.posix.ParentCalls;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Copies of the listening sockets of the server: as long as one is open, the kernel queues the clients that connect.
 * Beside them memory of the server's, in which stands what a next one is to know of them.
 *
 * <p>Those that this process was itself given come first and stay: the server finds them under the numbers that they
 * have here.
 */
final class HeldSockets {
    /** Far more than there are listeners with a socket for each loop: one that sends sockets for ever is stopped. */
    private static final int COUNT_MAX = 4096;
    /** What systemd calls those without a name. */
    private static final String NAMELESS = "unknown";
    /** What the kernel calls files that are in memory only begins so. */
    private static final String MEMORY = "/memfd:";

    private final ParentCalls calls;
    private final int most;
    private final List<Held> all = new ArrayList<>();

    private record Held(String name, int number, String file, boolean given, boolean socket) {}

    HeldSockets(ParentCalls calls) {
        this(calls, COUNT_MAX);
    }

    /** With another limit. */
    HeldSockets(ParentCalls calls, int most) {
        this.calls = calls;
        this.most = most;
    }

    /** Sockets that this process was given, from {@link ParentCalls#FIRST} on. */
    void given(int count, @Nullable String names) {
        String[] each = names == null ? new String[0] : names.split(":", -1);
        for (int i = 0; i < count; i++) {
            int number = ParentCalls.FIRST + i;
            calls.closeOnExec(number);
            all.add(new Held(i < each.length ? each[i] : NAMELESS, number, "", true, true));
        }
    }

    /**
     * Holds a socket, unless it does already, or memory. The number is this object's from here on, whatever comes of
     * it.
     *
     * @return what is wrong with it; null if nothing is
     */
    @Nullable
    String store(String name, int number) {
        boolean stored = false;
        try {
            if (name.isEmpty()) {
                return "it has no name";
            }
            String file = calls.file(number);
            boolean socket = calls.listens(number);
            if (!socket && !file.startsWith(MEMORY)) {
                return "it is neither a socket that listens nor memory";
            } else if (socket && all.stream().anyMatch(held -> held.file.equals(file))) {
                return null;
            } else if (all.size() >= most) {
                return "there are " + most + " already";
            }
            all.add(new Held(name, number, file, false, socket));
            stored = true;
            return null;
        } catch (IOException gone) {
            return String.valueOf(gone.getMessage());
        } finally {
            if (!stored) {
                calls.close(number);
            }
        }
    }

    /** Closes those of a name. */
    void remove(String name) {
        for (Iterator<Held> each = all.iterator(); each.hasNext(); ) {
            Held held = each.next();
            if (!held.given && held.name.equals(name)) {
                each.remove();
                calls.close(held.number);
            }
        }
    }

    /** How many sockets a server has left here, or would. */
    int count() {
        return (int) all.stream().filter(held -> held.socket && !held.given).count();
    }

    /** All of them, in the order of {@link #names}. */
    int[] numbers() {
        return all.stream().mapToInt(Held::number).toArray();
    }

    /** Their names, as LISTEN_FDNAMES has them. */
    String names() {
        return String.join(":", all.stream().map(Held::name).toList());
    }
}
