package dev.baton.runtime.launcher.scaffold;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.runtime.plugin.PluginException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The files of a new project, and what no project is made of. That they compile is shown by the build of one. */
class PluginProjectTest {
    @TempDir
    Path folder;

    private static PluginProject project(ProjectKind kind, String id, String packageName) {
        return new PluginProject(kind, id, packageName, "9.8", Path.of("/opt/baton/sdk"));
    }

    private static List<Path> files(Path root) throws IOException {
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(Files::isRegularFile).sorted().toList();
        }
    }

    @ParameterizedTest
    @EnumSource(ProjectKind.class)
    void shouldFillInEveryTemplate(ProjectKind kind) throws Exception {
        Path made = project(kind, "rate-limit", "com.example.limits").create(folder);
        assertThat(made).isEqualTo(folder.resolve("rate-limit"));
        List<Path> files = files(made);
        assertThat(files)
                .contains(
                        made.resolve("pom.xml"),
                        made.resolve("README.md"),
                        made.resolve("baton.yaml"),
                        made.resolve("src/main/java/com/example/limits/RateLimitPlugin.java"),
                        made.resolve("src/test/java/com/example/limits/RateLimitTest.java"),
                        made.resolve("src/test/java/com/example/limits/RateLimitWorldTest.java"));
        for (Path file : files) {
            assertThat(Files.readString(file)).as("%s", file).isNotBlank().doesNotContain("__");
        }
        assertThat(Files.readString(made.resolve("README.md")).contains("with the record of its keys"))
                .isEqualTo(kind != ProjectKind.HOOK && kind != ProjectKind.LISTENER);
        assertThat(Files.readString(made.resolve("pom.xml")))
                .contains("<version>9.8</version>")
                .contains("file:///opt/baton/sdk");
    }

    @Test
    void shouldWriteAPathThatXmlHasOtherWordsFor() throws Exception {
        PluginProject project = new PluginProject(ProjectKind.HOOK, "hello", "hello", "9.8", Path.of("/opt/R&D/sdk"));
        assertThat(Files.readString(project.create(folder).resolve("pom.xml")))
                .contains("<url>file:///opt/R&amp;D/sdk");
    }

    @Test
    void shouldNotWriteIntoAFolderThatIsThere() throws Exception {
        Path there = Files.createDirectory(folder.resolve("hello"));
        Files.writeString(there.resolve("mine.txt"), "mine");
        assertThatThrownBy(() -> project(ProjectKind.HOOK, "hello", "hello").create(folder))
                .isInstanceOf(PluginException.class)
                .hasMessageContaining(there + " is there already");
        assertThat(files(folder)).containsExactly(there.resolve("mine.txt"));
    }

    @Test
    void shouldSayWhereItCannotWrite() {
        assertThatThrownBy(() -> project(ProjectKind.HOOK, "hello", "hello").create(folder.resolve("none")))
                .isInstanceOf(PluginException.class)
                .hasMessageContaining("cannot make the folder " + folder.resolve("none/hello"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Hello", "1st", "-x", "../x", "a/b", "a b", "a.b", "ä"})
    void shouldRefuseWhatIsNoId(String id) {
        assertThatThrownBy(() -> project(ProjectKind.HOOK, id, "hello")).hasMessageContaining("is no id of a plugin");
    }

    @ParameterizedTest
    @CsvSource({
        "com..example, is no name of a Java package",
        "com.example.class, is no name of a Java package",
        "Com, is no name of a Java package",
        "dev.baton.spi.mine, is not the plugin's",
        "io.vertx.core, is not the plugin's",
        "java.util, is not the plugin's",
        "java, is not the plugin's"
    })
    void shouldRefuseAPackageThatCannotBeThePlugins(String name, String why) {
        assertThatThrownBy(() -> project(ProjectKind.HOOK, "hello", name)).hasMessageContaining(why);
    }

    @Test
    void shouldRefuseAnIdWhoseClassesHaveTheNamesOfImportedOnes() {
        assertThatThrownBy(() -> project(ProjectKind.FILTER, "http", "mine").create(folder))
                .isInstanceOf(PluginException.class)
                .hasMessageContaining("it would have a class Http");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void shouldFindAPackageForEachId() {
        assertThat(PluginProject.defaultPackage("rate-limit")).isEqualTo("ratelimit");
        assertThat(PluginProject.defaultPackage("switch")).isEqualTo("switchplugin");
        assertThat(PluginProject.defaultPackage("java")).isEqualTo("javaplugin");
    }
}
