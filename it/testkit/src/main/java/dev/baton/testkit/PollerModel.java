package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.poller.Interest;
import dev.baton.testkit.EventLog.Event;
import dev.baton.testkit.TestSockets.Pair;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** Does random things to a poller and to a map, and compares what is reported with what has to be. */
final class PollerModel {
    private static final int ENDS = 200;

    private final PollerRig rig;
    private final Random random;
    private final List<End> ends = new ArrayList<>();
    private int compared;

    /** One polled number; its registrations come and go. */
    private static final class End {
        private Pair pair;
        private boolean added;
        private int interest;
        private int unread;

        private End(Pair pair) {
            this.pair = pair;
        }

        private int due() {
            if (!added) {
                return 0;
            }
            return interest & (unread > 0 ? Interest.IN | Interest.OUT : Interest.OUT);
        }
    }

    PollerModel(PollerRig rig, long seed) {
        this.rig = rig;
        this.random = new Random(seed);
        for (int i = 0; i < ENDS; i++) {
            ends.add(new End(rig.sockets().pair()));
        }
    }

    /** How many turns were compared. */
    int compared() {
        return compared;
    }

    void step(int step) {
        End end = ends.get(random.nextInt(ends.size()));
        Fd fd = end.pair.fd();
        switch (random.nextInt(10)) {
            case 0, 1 -> add(end);
            case 2 -> modify(end);
            case 3 -> {
                rig.poller().remove(fd);
                end.added = false;
            }
            case 4 -> reopen(end);
            case 5, 6 -> {
                rig.sockets().send(end.pair.peer());
                end.unread++;
            }
            case 7 -> {
                assertThat(rig.sockets().drain(fd)).as("bytes in %s", fd).isEqualTo(end.unread);
                end.unread = 0;
            }
            default -> compare(step);
        }
    }

    private void add(End end) {
        end.interest = random.nextInt(4);
        rig.add(end.pair.fd(), end.interest);
        end.added = true;
    }

    private void modify(End end) {
        if (end.added) {
            end.interest = random.nextInt(4);
            rig.modify(end.pair.fd(), end.interest);
        }
    }

    /** Half of what is closed is not removed before, as the fd table does it where the kernel forgets by itself. */
    private void reopen(End end) {
        if (random.nextBoolean()) {
            rig.poller().remove(end.pair.fd());
        }
        Pair old = end.pair;
        end.pair = rig.sockets().reopen(old.fd());
        rig.sockets().close(old.peer());
        end.added = false;
        end.unread = 0;
    }

    private void compare(int step) {
        Map<Integer, End> byNumber = new HashMap<>();
        Set<Fd> due = new HashSet<>();
        for (End end : ends) {
            byNumber.put(end.pair.fd().number(), end);
            if (end.added) {
                // Asked again, an edge is reported like a level: every kind of poller has to report the same.
                rig.modify(end.pair.fd(), end.interest);
            }
            if (end.due() != 0) {
                due.add(end.pair.fd());
            }
        }
        rig.log().onEvent(event -> {
            End end = byNumber.get(event.number());
            return end != null && end.added && event.of(end.pair.fd());
        });
        for (Event event : rig.turn()) {
            End end = byNumber.get(event.number());
            assertThat(end).as("step %s: whose %s is", step, event).isNotNull();
            // Others are of former registrations, which the table refuses.
            if (end != null && event.of(end.pair.fd())) {
                assertThat(event.ready()).as("step %s: %s", step, event).isEqualTo(end.due());
                assertThat(due.remove(end.pair.fd()))
                        .as("step %s: %s is due", step, event)
                        .isTrue();
            }
        }
        assertThat(due).as("step %s: not reported", step).isEmpty();
        compared++;
    }
}
