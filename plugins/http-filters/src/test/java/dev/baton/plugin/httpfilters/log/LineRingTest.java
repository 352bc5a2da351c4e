package dev.baton.plugin.httpfilters.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Lines get through the ring whole, in the order of their claims, or not at all. The races are between a writer that
 * has claimed and not yet written, a writer behind it, and the reader; here each step is called by itself.
 */
@Timeout(60)
class LineRingTest {
    private static final int SIZE = 1_024;
    private static final int SLOT = 32;

    private final LineRing ring = new LineRing(SIZE);
    private final ByteBuffer batch = ByteBuffer.allocate(4 * SIZE);

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private boolean offer(String line) {
        return ring.offer(bytes(line), line.length());
    }

    private String drained() {
        ring.drain(batch);
        String text = new String(batch.array(), 0, batch.position(), StandardCharsets.US_ASCII);
        batch.clear();
        return text;
    }

    @Test
    void shouldKeepTheOrder() {
        assertThat(ring.isEmpty()).isTrue();
        assertThat(offer("one\n")).isTrue();
        assertThat(offer("t".repeat(100) + "\n")).isTrue();
        assertThat(ring.isEmpty()).isFalse();
        assertThat(drained()).isEqualTo("one\n" + "t".repeat(100) + "\n");
        assertThat(ring.isEmpty()).isTrue();
        assertThat(drained()).isEmpty();
    }

    /** The reader stops at what is claimed: it must neither pass it, nor read what is not written yet. */
    @Test
    void shouldWaitForWhatWasClaimedBefore() {
        long first = ring.claim(40);
        assertThat(offer("second\n")).isTrue();
        assertThat(ring.isEmpty()).isTrue();
        assertThat(drained()).isEmpty();
        ring.commit(first, bytes("f".repeat(39) + "\n"), 40);
        assertThat(drained()).isEqualTo("f".repeat(39) + "\nsecond\n");
    }

    /** A writer that was stopped after its claim is a lap behind: its slots are still its own. */
    @Test
    void shouldNotGiveClaimedSlotsToOthers() {
        long claimed = ring.claim(1);
        int more = 0;
        while (offer("x\n")) {
            more++;
        }
        assertThat(more).isEqualTo(SIZE / SLOT - 1);
        assertThat(drained()).isEmpty();
        ring.commit(claimed, bytes("\n"), 1);
        assertThat(drained()).isEqualTo("\n" + "x\n".repeat(more));
    }

    @Test
    void shouldRefuseWhatDoesNotFit() {
        assertThat(offer("x".repeat(SIZE / 2 + 1))).isFalse();
        assertThat(offer("x".repeat(SIZE / 2))).isTrue();
        assertThat(offer("y".repeat(SIZE / 2))).isTrue();
        assertThat(offer("z")).isFalse();
        assertThat(drained()).hasSize(SIZE);
        assertThat(offer("z")).isTrue();
    }

    /** A line that does not fit behind the last one begins at the front, and what it leaves out is skipped. */
    @Test
    void shouldGoRound() {
        Random random = new Random(7);
        for (int i = 0; i < 5_000; i++) {
            String line = "l".repeat(random.nextInt(SIZE / 2 - 1)) + "\n";
            assertThat(offer(line)).isTrue();
            assertThat(drained()).isEqualTo(line);
        }
    }

    @Test
    void shouldDrainOnlyWholeLines() {
        offer("one\n");
        offer("two\n");
        batch.limit(7);
        assertThat(drained()).isEqualTo("one\n");
        assertThat(drained()).isEqualTo("two\n");
    }

    @Test
    void shouldLoseNothingOfManyThreads() throws Exception {
        int threads = 4;
        int lines = 20_000;
        CyclicBarrier start = new CyclicBarrier(threads);
        ExecutorService writers = Executors.newFixedThreadPool(threads);
        try {
            List<Future<?>> runs = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                int number = thread;
                runs.add(writers.submit(() -> {
                    start.await();
                    Random random = new Random(number);
                    for (int i = 0; i < lines; i++) {
                        byte[] line = bytes(number + " " + i + " " + "x".repeat(random.nextInt(200)) + "\n");
                        while (!ring.offer(line, line.length)) {
                            Thread.onSpinWait();
                        }
                    }
                    return null;
                }));
            }
            int[] next = new int[threads];
            for (int read = 0; read < threads * lines; ) {
                for (String line : drained().lines().toList()) {
                    String[] words = line.split(" ", -1);
                    assertThat(Integer.parseInt(words[1])).isEqualTo(next[Integer.parseInt(words[0])]++);
                    assertThat(words[2]).matches("x*");
                    read++;
                }
            }
            for (Future<?> run : runs) {
                run.get(10, TimeUnit.SECONDS);
            }
        } finally {
            writers.shutdownNow();
        }
        assertThat(ring.isEmpty()).isTrue();
    }
}
