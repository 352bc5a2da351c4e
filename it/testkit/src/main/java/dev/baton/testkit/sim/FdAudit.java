package dev.baton.testkit.sim;

import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.fd.FdInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keeps account of each generation of each number: inserted once, closed once, by the kernel only after the table has
 * said so. What does not agree fails the run at once. Each call of this hook is a point.
 */
public final class FdAudit implements FdHook {
    private final Simulation simulation;
    private final Map<Fd, Integer> closes = new LinkedHashMap<>();
    private final Map<Integer, Fd> live = new HashMap<>();
    private final List<String> log = new ArrayList<>();

    FdAudit(Simulation simulation) {
        this.simulation = simulation;
    }

    @Override
    public void inserted(FdInfo info) {
        Fd fd = info.fd();
        Fd before = live.put(fd.number(), fd);
        if (before != null || closes.putIfAbsent(fd, 0) != null) {
            simulation.fail(new AssertionError(fd + " is inserted while " + before + " lives, or again"));
        }
        simulation.point("inserted(" + fd.number() + ")");
    }

    @Override
    public void orphaned(FdInfo info) {
        log.add(info.fd() + " orphaned");
        simulation.point("orphaned(" + info.fd().number() + ")");
    }

    @Override
    public void takenOver(FdInfo info, int victim, int thief) {
        log.add(info.fd() + " taken from " + victim + " by " + thief);
        simulation.point("takenOver(" + info.fd().number() + ")");
    }

    @Override
    public void closed(FdInfo info, ClosedBy by) {
        Fd fd = info.fd();
        log.add(fd + " closed by " + by.word());
        if (closes.merge(fd, 1, Integer::sum) != 1 || !fd.equals(live.remove(fd.number()))) {
            simulation.fail(new AssertionError(fd + " is closed twice"));
        }
        simulation.point("closed(" + fd.number() + ")");
    }

    /** The kernel is about to close a number. */
    void closing(int number) {
        Fd owner = live.get(number);
        if (owner != null) {
            simulation.fail(new AssertionError("number " + number + " is closed behind the back of " + owner));
        }
    }

    /** How often an fd was closed. */
    public int closes(Fd fd) {
        return closes.getOrDefault(fd, 0);
    }

    /** What happened to an fd, in order: {@code orphaned}, {@code taken from A by B}, {@code closed by deleter}. */
    public List<String> of(@Nullable Fd fd) {
        List<String> found = new ArrayList<>();
        for (String each : log) {
            if (each.startsWith(fd + " ")) {
                found.add(each.substring((fd + " ").length()));
            }
        }
        return found;
    }

    /** Those that were never closed. */
    List<Fd> open() {
        List<Fd> open = new ArrayList<>();
        closes.forEach((fd, count) -> {
            if (count == 0) {
                open.add(fd);
            }
        });
        return open;
    }
}
