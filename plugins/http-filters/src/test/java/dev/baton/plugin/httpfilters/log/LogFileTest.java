package dev.baton.plugin.httpfilters.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A file that is written by its own thread. */
@Timeout(60)
class LogFileTest {
    private static final int RING = 64 * 1024;

    @TempDir
    Path folder;

    private final Counts counts = new Counts();
    private Path path;
    private LogFile file;

    @BeforeEach
    void make() {
        path = folder.resolve("access.log");
        file = new LogFile(Optional.of(path), RING, counts);
    }

    @AfterEach
    void close() {
        file.close();
    }

    private void offer(String line) {
        byte[] bytes = line.getBytes(StandardCharsets.US_ASCII);
        file.offer(bytes, bytes.length);
    }

    private static String text(Path file) throws IOException {
        return Files.exists(file) ? Files.readString(file) : "";
    }

    private void awaitText(Path file, String text) {
        await().untilAsserted(() -> assertThat(text(file)).isEqualTo(text));
    }

    @Test
    void shouldOpenNothingBeforeALineComes() {
        file.close();
        assertThat(path).doesNotExist();
    }

    @Test
    void shouldAppendToWhatIsThere() throws IOException {
        Files.writeString(path, "before\n");
        offer("one\n");
        awaitText(path, "before\none\n");
        offer("two\n");
        awaitText(path, "before\none\ntwo\n");
        await().until(() -> counts.of("baton_access_log_lines_total") == 2);
    }

    @Test
    void shouldWriteEverythingBeforeItEnds() throws IOException {
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < 500; i++) {
            offer("line " + i + "\n");
            all.append("line ").append(i).append('\n');
        }
        file.close();
        assertThat(text(path)).isEqualTo(all.toString());
        assertThat(counts.of("baton_access_log_lines_total")).isEqualTo(500);
    }

    /** The thread sleeps when nothing comes for 100 ms; each of these lines finds it in another moment of that. */
    @Test
    void shouldWakeForALine() {
        String all = "";
        for (int i = 0; i < 12; i++) {
            await().pollDelay(20L * i, TimeUnit.MILLISECONDS).until(() -> true);
            offer(i + "\n");
            all += i + "\n";
            awaitText(path, all);
        }
    }

    @Test
    void shouldOpenTheFileAgainWhenItWasRenamed() throws IOException {
        offer("one\n");
        awaitText(path, "one\n");
        Path old = folder.resolve("access.log.1");
        Files.move(path, old);
        await().untilAsserted(() -> {
            offer("more\n");
            assertThat(path).exists();
        });
        file.close();
        assertThat(text(old) + text(path)).matches("one\n(more\n)+");
        assertThat(text(path)).contains("more\n");
    }

    @Test
    void shouldOpenTheFileAgainWhenAsked() throws Exception {
        offer("one\n");
        awaitText(path, "one\n");
        Path old = folder.resolve("access.log.1");
        Files.move(path, old);
        offer("two\n");
        assertThat(file.reopen().toCompletableFuture().get(10, TimeUnit.SECONDS))
                .isTrue();
        offer("three\n");
        awaitText(path, "three\n");
        assertThat(text(old)).isEqualTo("one\ntwo\n");
    }

    @Test
    void shouldAnswerAReopenBeforeTheFirstLineAndAfterTheLast() throws Exception {
        assertThat(file.reopen().toCompletableFuture().get(10, TimeUnit.SECONDS))
                .isTrue();
        offer("one\n");
        file.close();
        assertThat(file.reopen().toCompletableFuture().get(10, TimeUnit.SECONDS))
                .isFalse();
    }

    @Test
    void shouldCountWhatItCannotWrite() throws Exception {
        Files.createDirectory(path);
        offer("one\n");
        await().until(() -> counts.of("baton_access_log_dropped_total") == 1);
        assertThat(file.reopen().toCompletableFuture().get(10, TimeUnit.SECONDS))
                .isFalse();
        Files.delete(path);
        assertThat(file.reopen().toCompletableFuture().get(10, TimeUnit.SECONDS))
                .isTrue();
        offer("two\n");
        awaitText(path, "two\n");
    }

    /** More than the ring holds comes faster than a thread can take it out. */
    @Test
    void shouldDropWhatDoesNotFitAndCountIt() throws IOException {
        String line = "x".repeat(RING / 4 - 1) + "\n";
        for (int i = 0; i < 200; i++) {
            offer(line);
        }
        file.close();
        long dropped = counts.of("baton_access_log_dropped_total");
        long written = counts.of("baton_access_log_lines_total");
        assertThat(dropped).isPositive();
        assertThat(written).isPositive();
        assertThat(dropped + written).isEqualTo(200);
        assertThat(text(path)).hasSize((int) written * line.length());
    }

    @Test
    void shouldDropALineThatIsTooLong() {
        offer("x".repeat(RING) + "\n");
        assertThat(counts.of("baton_access_log_dropped_total")).isOne();
    }
}
