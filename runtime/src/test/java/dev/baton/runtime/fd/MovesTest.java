package dev.baton.runtime.fd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.admin.Move;
import dev.baton.spi.admin.Move.Cause;
import dev.baton.spi.admin.MoveCount;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class MovesTest {
    private final Moves moves = new Moves();

    @Test
    void shouldCountOnlyWhileSomebodyLooks() {
        moves.taken(0, 1);
        MoveCount first = moves.begin();
        assertThat(first.moves()).isEmpty();
        moves.taken(0, 1);
        moves.taken(0, 1);
        MoveCount second = moves.begin();
        moves.taken(1, 0);
        assertThat(first.moves()).containsExactly(new Move(0, 1, Cause.USE, 2), new Move(1, 0, Cause.USE, 1));
        assertThat(second.moves()).containsExactly(new Move(1, 0, Cause.USE, 1));
        first.close();
        moves.taken(1, 0);
        assertThat(first.moves()).as("as it was").contains(new Move(1, 0, Cause.USE, 1));
        assertThat(second.moves()).containsExactly(new Move(1, 0, Cause.USE, 2));
    }

    @Test
    void shouldTellWhyWithoutCountingTwice() {
        MoveCount count = moves.begin();
        for (int i = 0; i < 5; i++) {
            moves.taken(3, 16_381);
        }
        moves.because(Cause.RESCUE, 3, 16_381);
        moves.because(Cause.RESCUE, 3, 16_381);
        moves.because(Cause.REBALANCE, 3, 16_381);
        assertThat(count.moves())
                .containsExactlyInAnyOrder(
                        new Move(3, 16_381, Cause.USE, 2),
                        new Move(3, 16_381, Cause.RESCUE, 2),
                        new Move(3, 16_381, Cause.REBALANCE, 1));
    }

    @Test
    void shouldKeepEveryPairOfManyLoopsApart() {
        MoveCount count = moves.begin();
        for (int from = 0; from < 40; from++) {
            for (int to = 0; to < 40; to++) {
                for (int i = 0; i <= from; i++) {
                    moves.taken(from, to);
                }
            }
        }
        assertThat(count.moves())
                .hasSize(1_600)
                .allSatisfy(move -> assertThat(move.count()).isEqualTo(move.from() + 1));
    }

    @Test
    void shouldLoseNoneOfManyThreads() throws Exception {
        MoveCount count = moves.begin();
        CountDownLatch begin = new CountDownLatch(1);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Thread thread = new Thread(() -> {
                try {
                    begin.await();
                } catch (InterruptedException e) {
                    return;
                }
                for (int j = 0; j < 10_000; j++) {
                    moves.taken(j % 7, j % 5);
                }
            });
            thread.start();
            threads.add(thread);
        }
        begin.countDown();
        for (Thread each : threads) {
            each.join();
        }
        assertThat(count.moves().stream().mapToLong(Move::count).sum()).isEqualTo(40_000);
        assertThat(count.moves()).hasSize(35);
    }
}
