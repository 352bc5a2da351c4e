package dev.baton.runtime.launcher.dev;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A change is told when it is whole, and once. */
class SettledChangesTest {

    @Test
    void shouldWaitUntilNothingChangesAnyMore() {
        SettledChanges changes = new SettledChanges("a", 10);
        assertThat(changes.look("a", 100)).isFalse();
        assertThat(changes.look("b", 101)).isFalse();
        assertThat(changes.look("b", 110)).as("too early").isFalse();
        assertThat(changes.look("c", 111)).isFalse();
        assertThat(changes.look("c", 120)).as("too early").isFalse();
        assertThat(changes.look("c", 121)).isTrue();
        assertThat(changes.look("c", 200)).as("once").isFalse();
    }

    @Test
    void shouldTellAChangeBack() {
        SettledChanges changes = new SettledChanges("a", 10);
        changes.look("b", 0);
        changes.look("a", 5);
        assertThat(changes.look("a", 15)).isTrue();
    }

    @Test
    void shouldSeeEachChangeOfAFile(@TempDir Path folder) throws Exception {
        Path classes = folder.resolve("classes");
        List<Path> roots = List.of(classes, folder.resolve("pom.xml"));
        Object nothing = FileStamps.of(roots);
        Path file = Files.createDirectories(classes.resolve("a/b")).resolve("C.class");
        assertThat(FileStamps.of(roots)).as("a folder alone").isEqualTo(nothing);
        Files.writeString(file, "1");
        Object first = FileStamps.of(roots);
        assertThat(first).isNotEqualTo(nothing).isEqualTo(FileStamps.of(roots));
        Files.setLastModifiedTime(file, FileTime.from(Instant.EPOCH));
        Object touched = FileStamps.of(roots);
        assertThat(touched).isNotEqualTo(first);
        Files.writeString(file, "22");
        Files.setLastModifiedTime(file, FileTime.from(Instant.EPOCH));
        assertThat(FileStamps.of(roots)).as("its size").isNotEqualTo(touched);
        Files.writeString(folder.resolve("pom.xml"), "");
        Files.delete(file);
        assertThat(FileStamps.of(roots)).hasSize(1);
    }
}
