package dev.baton.runtime.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is in the zip of a plugin, and what writes outside of its folder. */
class PluginZipTest {
    @TempDir
    Path temporary;

    private Path into = Path.of("");

    @BeforeEach
    void makeFolder() throws IOException {
        into = Files.createDirectory(temporary.resolve("into"));
    }

    private Path zip(String... names) throws IOException {
        Path zip = temporary.resolve("a.zip");
        try (OutputStream out = Files.newOutputStream(zip);
                ZipOutputStream entries = new ZipOutputStream(out)) {
            for (String name : names) {
                entries.putNextEntry(new ZipEntry(name));
                entries.write(1);
                entries.closeEntry();
            }
        }
        return zip;
    }

    @Test
    void shouldFindTheFolderOfThePlugin() throws Exception {
        assertThat(PluginZip.unpack(zip("auth/auth.jar", "auth/lib.jar"), into)).isEqualTo(into.resolve("auth"));
        assertThat(into.resolve("auth/lib.jar")).hasBinaryContent(new byte[] {1});
    }

    @Test
    void shouldTakeJarsWithoutAFolder() throws Exception {
        assertThat(PluginZip.unpack(zip("auth.jar", "lib.jar"), into)).isEqualTo(into);
    }

    /** A temporary folder is its owner's alone, but a plugin is read by the user that the service runs as. */
    @Test
    void shouldMakeEveryFolderOfAPluginReadableAsUsual() throws Exception {
        Path usual = Files.createDirectory(temporary.resolve("usual"));
        for (Path zip : List.of(zip("auth.jar"), zip("auth/auth.jar"))) {
            try (PluginCandidate candidate = PluginCandidate.open(zip, into)) {
                assertThat(Files.getPosixFilePermissions(candidate.folder()))
                        .isEqualTo(Files.getPosixFilePermissions(usual));
                assertThat(candidate.named(candidate.folder() + "/auth.jar")).startsWith(zip + "!");
            }
        }
        assertThat(into).isEmptyDirectory();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../evil.jar",
                "a/../../evil.jar",
                "a/../evil.jar",
                "/evil.jar",
                "a//b.jar",
                "a/./b.jar",
                "a\\b.jar"
            })
    void shouldWriteNowhereElse(String name) throws Exception {
        Path zip = zip("a/good.jar", name);
        assertThatThrownBy(() -> PluginZip.unpack(zip, into))
                .isInstanceOf(BadPluginException.class)
                .hasMessageContaining(zip + " has a file named '" + name + "'");
        assertThat(temporary).isDirectoryNotContaining("glob:**/evil.jar");
    }

    @Test
    void shouldRefuseWhatIsNoPlugin() throws Exception {
        assertThatThrownBy(() -> PluginZip.unpack(zip("a/a.jar", "b/b.jar"), into))
                .hasMessageContaining("has 2 folders at its top");
        Path text = Files.writeString(temporary.resolve("text.zip"), "not a zip");
        assertThatThrownBy(() -> PluginZip.unpack(text, into))
                .isInstanceOf(BadPluginException.class)
                .hasMessageContaining("cannot be read as a zip");
    }

    @Test
    void shouldLeaveNothingOfAZipThatCannotBeUnpacked() throws Exception {
        Path zip = zip("a/good.jar", "../evil.jar");
        assertThatThrownBy(() -> PluginCandidate.open(zip, into)).isInstanceOf(PluginException.class);
        assertThat(into).isEmptyDirectory();
        assertThatThrownBy(() -> PluginCandidate.open(into.resolve("none.zip"), into))
                .hasMessageContaining("none.zip is not there");
    }
}
