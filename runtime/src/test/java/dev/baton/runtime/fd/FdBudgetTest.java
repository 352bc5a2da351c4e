package dev.baton.runtime.fd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients took the last fd, and then there was none to answer them with. */
@Timeout(60)
class FdBudgetTest {
    private final AtomicInteger idle = new AtomicInteger();
    private final AtomicInteger evicted = new AtomicInteger();

    private FdBudget budget(int most) {
        FdBudget budget = new FdBudget(most);
        budget.idle(fds -> {
            int before = idle.getAndUpdate(now -> Math.max(0, now - fds));
            int closed = Math.min(before, fds);
            evicted.addAndGet(closed);
            for (int i = 0; i < closed; i++) {
                budget.disconnect();
            }
            return closed;
        });
        return budget;
    }

    @Test
    void whoIsInFindsAnUpstreamConnectionHoweverManyComeLater() {
        FdBudget budget = budget(5);
        assertThat(budget.admit(2)).isTrue();
        assertThat(budget.admit(2)).isTrue();
        assertThat(budget.admit(2))
                .as("there is one fd left, and it would need two")
                .isFalse();
        assertThat(budget.admit(1)).isTrue();
        assertThat(budget.connect()).isTrue();
        assertThat(budget.connect()).isTrue();
        assertThat(budget.connect()).as("nobody was promised a third one").isFalse();
        assertThat(budget).hasToString("fds: 5 open, 5 promised, of 5");
    }

    @Test
    void idleConnectionsAreClosedBeforeAClientIsRefused() {
        FdBudget budget = budget(4);
        for (int i = 0; i < 4; i++) {
            assertThat(budget.connect()).isTrue();
            idle.incrementAndGet();
        }
        assertThat(budget.admit(2)).isTrue();
        assertThat(evicted).as("nobody has come yet").hasValue(0);
        budget.came();
        assertThat(evicted).as("its own fd").hasValue(1);
        assertThat(budget.admit(2)).isTrue();
        budget.came();
        assertThat(evicted).hasValue(2);
        assertThat(budget.open()).isEqualTo(4);
        assertThat(budget.admit(1)).isFalse();
    }

    @Test
    void idleConnectionsAreClosedBeforeARequestIsRefused() {
        FdBudget budget = budget(3);
        assertThat(budget.admit(2)).isTrue();
        for (int i = 0; i < 2; i++) {
            assertThat(budget.connect()).isTrue();
            idle.incrementAndGet();
        }
        assertThat(budget.connect()).as("to another server than the idle ones").isTrue();
        assertThat(evicted).hasValue(1);
        assertThat(budget.open()).isEqualTo(3);
    }

    /** A client has gone, its upstream connection goes a moment later, and the next client is in already. */
    @Test
    void theReserveHelpsForAMoment() {
        FdBudget budget = budget(2);
        budget.limit(2, 1);
        assertThat(budget.admit(2)).isTrue();
        assertThat(budget.connect()).isTrue();
        budget.release(2);
        assertThat(budget.admit(2)).isTrue();
        assertThat(budget.connect()).isTrue();
        assertThat(budget.connect()).isFalse();
        budget.disconnect();
        assertThat(budget).hasToString("fds: 2 open, 2 promised, of 2");
    }

    @Test
    void whoeverMayHaveBeenRefusedIsToldOfARelease() {
        FdBudget budget = budget(3);
        AtomicInteger told = new AtomicInteger();
        budget.whenRoom(told::incrementAndGet);
        assertThat(budget.admit(1)).isTrue();
        assertThat(budget.admit(1)).isTrue();
        assertThat(budget.admit(2)).isFalse();
        budget.release(1);
        assertThat(told).hasValue(1);
        assertThat(budget.hasRoom(2)).isTrue();
    }

    @Test
    void aConnectionThatAnotherHasPaidForIsAlwaysAdmitted() {
        FdBudget budget = budget(3);
        assertThat(budget.admit(3)).isTrue();
        assertThat(budget.admit(0)).isTrue();
        assertThat(budget.connect()).isTrue();
        assertThat(budget).hasToString("fds: 3 open, 3 promised, of 3");
        budget.release(0);
        budget.release(3);
        budget.disconnect();
        assertThat(budget).hasToString("fds: 0 open, 0 promised, of 3");
    }

    /**
     * However clients and connections come and go, there are never more sockets than fds, and a client always finds its
     * own.
     */
    @Test
    void theBudgetHoldsUnderLoad() throws Exception {
        int most = 40;
        FdBudget budget = new FdBudget(most);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Random random = new Random(i);
            running.add(threads.submit(() -> {
                for (int round = 0; round < 50_000; round++) {
                    int fds = 1 + random.nextInt(FdBudget.FDS_MAX);
                    if (!budget.admit(fds)) {
                        continue;
                    }
                    assertThat(budget.promised()).isBetween(fds, most);
                    for (int own = 1; own < fds; own++) {
                        assertThat(budget.connect()).as("promised").isTrue();
                    }
                    assertThat(budget.open()).isBetween(fds, most);
                    for (int own = 1; own < fds; own++) {
                        budget.disconnect();
                    }
                    budget.release(fds);
                }
                return null;
            }));
        }
        threads.shutdown();
        for (Future<?> each : running) {
            each.get(50, TimeUnit.SECONDS);
        }
        assertThat(budget).hasToString("fds: 0 open, 0 promised, of " + most);
    }

    /** What makes clients cheaper must not keep them out. */
    @Test
    void fdsAreLentOnlyWhileHalfOfThemAreFree() {
        FdBudget budget = budget(8);
        AtomicInteger told = new AtomicInteger();
        budget.whenRoom(told::incrementAndGet);
        assertThat(budget.lend(2)).isTrue();
        assertThat(budget.admit(1)).isTrue();
        assertThat(budget.lend(2)).as("five of eight would be in use").isFalse();
        assertThat(budget).hasToString("fds: 3 open, 3 promised, of 8");
        for (int i = 0; i < 5; i++) {
            assertThat(budget.admit(1)).isTrue();
        }
        assertThat(budget.admit(1)).as("two are lent").isFalse();
        budget.takeBack(2);
        assertThat(told).as("those who wait for room").hasValue(1);
        assertThat(budget.admit(2)).isTrue();
    }
}
