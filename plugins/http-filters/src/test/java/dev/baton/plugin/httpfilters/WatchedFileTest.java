package dev.baton.plugin.httpfilters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A file that is read again when it changes. */
@Timeout(60)
class WatchedFileTest {
    @TempDir
    Path folder;

    private Path path;

    @BeforeEach
    void write() throws IOException {
        path = Files.writeString(folder.resolve("file"), "one\n");
    }

    private WatchedFile<String> file() {
        return new WatchedFile<>(path, WatchedFileTest::parse);
    }

    private static String parse(List<String> lines) {
        if (lines.isEmpty()) {
            throw new IllegalArgumentException("it is empty");
        }
        return lines.get(0);
    }

    @Test
    void shouldReadChangesByItself() throws IOException {
        try (WatchedFile<String> file = file()) {
            assertThat(file.content()).isEqualTo("one");
            Files.writeString(path, "two\n");
            await().until(() -> file.content().equals("two"));
        }
    }

    /** What editors and deployments do. */
    @Test
    void shouldSeeThatAnotherFileHasTakenItsPlace() throws IOException {
        try (WatchedFile<String> file = file()) {
            Path other = Files.writeString(folder.resolve("other"), "two\n");
            Files.setLastModifiedTime(other, Files.getLastModifiedTime(path));
            Files.move(other, path, StandardCopyOption.REPLACE_EXISTING);
            file.look();
            assertThat(file.content()).isEqualTo("two");
        }
    }

    @Test
    void shouldKeepWhatItHasIfTheFileIsWrongOrGone() throws IOException {
        try (WatchedFile<String> file = file()) {
            Files.writeString(path, "");
            file.look();
            assertThat(file.content()).isEqualTo("one");
            Files.delete(path);
            file.look();
            assertThat(file.content()).isEqualTo("one");
            Files.writeString(path, "two\n");
            file.look();
            assertThat(file.content()).isEqualTo("two");
        }
    }

    @Test
    void shouldSayWhyItCannotBeRead() throws IOException {
        Files.write(path, new byte[] {(byte) 0xC3, 0x28});
        assertThatThrownBy(this::file).hasMessage("cannot read " + path + ": it is not UTF-8");
        Files.writeString(path, "");
        assertThatThrownBy(this::file).hasMessage(path + ": it is empty");
        Files.delete(path);
        assertThatThrownBy(this::file).hasMessage("cannot read " + path + ": there is no such file");
        Files.createDirectory(path);
        assertThatThrownBy(this::file).hasMessageStartingWith("cannot read " + path + ": ");
    }
}
