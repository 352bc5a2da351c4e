package dev.baton.runtime.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A reader that stands still holds no writer up; what it misses is counted and told where it is missing. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LineQueueTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int BYTES_MAX = 10_000;

    private final Reader reader = new Reader();
    private final LineQueue queue = new LineQueue("test-output", BYTES_MAX);
    private final PrintStream out = new PrintStream(new LineStream(() -> queue, reader), false, StandardCharsets.UTF_8);

    /** Takes nothing until it is told to go on. */
    private static final class Reader extends OutputStream {
        final CountDownLatch goesOn = new CountDownLatch(1);
        final CountDownLatch stands = new CountDownLatch(1);
        private final ByteArrayOutputStream taken = new ByteArrayOutputStream();

        @Override
        public void write(int one) {
            throw new AssertionError("lines come whole");
        }

        @Override
        public void write(byte[] text, int from, int length) {
            stands.countDown();
            try {
                goesOn.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            synchronized (taken) {
                taken.write(text, from, length);
            }
        }

        List<String> lines() {
            synchronized (taken) {
                return taken.toString(StandardCharsets.UTF_8).lines().toList();
            }
        }
    }

    @Test
    void shouldKeepLinesWholeAndInOrder() {
        reader.goesOn.countDown();
        List<String> printed = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            out.print("line ");
            out.print(i);
            out.println();
            printed.add("line " + i);
        }
        out.print("no line yet");
        out.flush();
        printed.add("no line yet");
        assertThat(queue.drain(PATIENCE, PATIENCE)).isTrue();
        assertThat(reader.lines()).isEqualTo(printed);
        assertThat(queue.dropped()).isZero();
    }

    @Test
    void shouldDropAndCountWhatAReaderThatStandsStillHasNoRoomFor() throws Exception {
        int lines = 1_000;
        for (int i = 0; i < lines; i++) {
            out.println("line " + i);
        }
        reader.stands.await();
        long dropped = queue.dropped();
        assertThat(dropped).isBetween((long) lines - BYTES_MAX / 64, lines - 1L);
        assertThat(queue.drain(Duration.ofMillis(20), PATIENCE))
                .as("an end does not wait for it")
                .isFalse();

        reader.goesOn.countDown();
        assertThat(queue.drain(PATIENCE, PATIENCE)).isTrue();
        out.println("the reader reads again");
        assertThat(queue.drain(PATIENCE, PATIENCE)).isTrue();
        List<String> read = reader.lines();
        int kept = lines - (int) dropped;
        assertThat(read).hasSize(kept + 2);
        for (int i = 0; i < kept; i++) {
            assertThat(read.get(i)).isEqualTo("line " + i);
        }
        assertThat(read.get(kept)).startsWith("baton: " + dropped + " lines of output dropped here: ");
        assertThat(read.get(kept + 1)).isEqualTo("the reader reads again");
        assertThat(queue.dropped()).isEqualTo(dropped);
    }

    @Test
    void shouldCountEveryLineOnceWhoeverPrints() throws Exception {
        int threads = 4;
        int lines = 2_000;
        List<Thread> printers = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            Thread printer = new Thread(() -> {
                for (int line = 0; line < lines; line++) {
                    out.println("x");
                }
            });
            printers.add(printer);
            printer.start();
        }
        reader.stands.await();
        reader.goesOn.countDown();
        for (Thread printer : printers) {
            printer.join();
        }
        assertThat(queue.drain(PATIENCE, PATIENCE)).isTrue();
        long whole = reader.lines().stream().filter("x"::equals).count();
        long told = reader.lines().stream()
                .filter(line -> line.startsWith("baton: "))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .sum();
        assertThat(whole + told).isEqualTo((long) threads * lines);
        assertThat(told).isEqualTo(queue.dropped());
    }
}
