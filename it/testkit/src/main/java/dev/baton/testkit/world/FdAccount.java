package dev.baton.testkit.world;

import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.fd.FdInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;

/** Keeps account of each generation of each number: inserted once, and closed once, by the table. */
final class FdAccount implements FdHook {
    private final Map<Integer, Fd> live = new ConcurrentHashMap<>();
    private final Map<Fd, Boolean> closed = new ConcurrentHashMap<>();
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
    private volatile Consumer<String> points = label -> {};

    /** Is told of each call, after which a simulation may let another thread go on. */
    void points(Consumer<String> taken) {
        points = taken;
    }

    @Override
    public void inserted(FdInfo info) {
        Fd fd = info.fd();
        Fd before = live.put(fd.number(), fd);
        if (before != null || closed.putIfAbsent(fd, false) != null) {
            wrong.add(fd + " is inserted while " + before + " lives, or again");
        }
        points.accept("inserted(" + fd.number() + ")");
    }

    @Override
    public void orphaned(FdInfo info) {
        points.accept("orphaned(" + info.fd().number() + ")");
    }

    @Override
    public void takenOver(FdInfo info, int victim, int thief) {
        points.accept("takenOver(" + info.fd().number() + ")");
    }

    @Override
    public void closed(FdInfo info, ClosedBy by) {
        Fd fd = info.fd();
        if (!Boolean.FALSE.equals(closed.put(fd, true)) || !live.remove(fd.number(), fd)) {
            wrong.add(fd + " is closed twice, or was never there");
        }
        points.accept("closed(" + fd.number() + ")");
    }

    /** The kernel is about to close a number. */
    void closing(int number) {
        Fd owner = live.get(number);
        if (owner != null) {
            wrong.add("number " + number + " is closed behind the back of " + owner);
        }
    }

    /** What was wrong, and what is open. */
    List<String> problems() {
        List<String> problems = new ArrayList<>(wrong);
        if (!live.isEmpty()) {
            problems.add("never closed: " + live.values());
        }
        return problems;
    }
}
