package dev.baton.runtime.launcher.dev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.runtime.launcher.dev.StagedPlugins.Round;
import dev.baton.runtime.plugin.PluginException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a server finds is always whole, and what is broken never gets there. */
class StagedPluginsTest {
    private static final String SERVICE = "src/main/java/hello/HelloService.java";

    @TempDir
    Path temporary;

    private AuthorProject project = new AuthorProject(Path.of(""), "");
    private Path root = Path.of("");

    @BeforeEach
    void create() throws Exception {
        project = AuthorProject.create(temporary, "hello").compile();
        root = Files.createDirectory(temporary.resolve("root"));
    }

    private StagedPlugins staged(AuthorProject... more) throws PluginException {
        List<PluginBuild> builds = Stream.concat(Stream.of(project), Stream.of(more))
                .map(each -> new PluginBuild(each.folder()))
                .toList();
        return new StagedPlugins(root, builds, AuthorProject.BATON);
    }

    @Test
    void shouldPutARoundInThePlaceOfTheOneBefore() throws Exception {
        AuthorProject other = AuthorProject.create(temporary, "second-one").compile();
        StagedPlugins staged = staged(other);
        Round first = staged.stage();
        assertThat(StagedPlugins.plugins(root)).doesNotExist();
        staged.use(first);
        assertThat(StagedPlugins.plugins(root))
                .isDirectoryContaining("glob:**/hello")
                .isDirectoryContaining("glob:**/second-one");
        assertThat(StagedPlugins.packages(root)).containsExactly("hello", "secondone");

        Files.createDirectories(project.classes().resolve("hello/inner"));
        Files.write(project.classes().resolve("hello/inner/words"), new byte[0]);
        Round second = staged.stage();
        staged.use(second);
        StagedPlugins.discard(first);
        assertThat(StagedPlugins.plugins(root).toRealPath())
                .isEqualTo(second.folder().toRealPath());
        assertThat(StagedPlugins.packages(root)).containsExactly("hello", "secondone");
        assertThat(first.folder()).doesNotExist();
    }

    @Test
    void shouldSeeNoDifferenceInWhatWasOnlyCompiledAgain() throws Exception {
        StagedPlugins staged = staged();
        Round first = staged.stage();
        project.compile();
        assertThat(StagedPlugins.isSame(first, staged.stage())).isTrue();
        project.edit(SERVICE, "hello, ", "good morning, ").compile();
        assertThat(StagedPlugins.isSame(first, staged.stage())).isFalse();
    }

    @Test
    void shouldSeeADifferenceInALibrary() throws Exception {
        StagedPlugins staged = staged();
        Round first = staged.stage();
        project.zip("hello-1.0.zip", "library.jar");
        assertThat(StagedPlugins.isSame(first, staged.stage())).isFalse();
    }

    @Test
    void shouldRefuseClassesThatDoNotFitTogether() throws Exception {
        Files.delete(project.classes().resolve("hello/HelloService$Keys.class"));
        StagedPlugins staged = staged();
        assertThatThrownBy(staged::stage)
                .isExactlyInstanceOf(PluginException.class)
                .hasMessageContaining(project.classes() + ": class hello.Hello")
                .hasMessageContaining("refers to hello.HelloService$Keys, which is in none of the plugin's jars")
                .hasMessageEndingWith("(it has no libraries; after a change of dependencies run `mvn package`)");
        Files.writeString(project.classes().resolve("hello/HelloService$Keys.class"), "half");
        assertThatThrownBy(staged::stage)
                .isExactlyInstanceOf(PluginException.class)
                .hasMessageContaining("hello/HelloService$Keys.class is no class that this JDK");
        try (Stream<Path> left = Files.list(root)) {
            assertThat(left).as("what is left of them").isEmpty();
        }
    }

    @Test
    void shouldAdviseAsACheckDoes() throws Exception {
        project.edit(SERVICE, "import java.nio", "import io.netty.util.internal.StringUtil;\nimport java.nio")
                .edit(SERVICE, "String answer = ", "String answer = StringUtil.EMPTY_STRING + StringUtil.class + ")
                .compile();
        assertThat(staged().stage().advice())
                .singleElement()
                .asString()
                .startsWith(project.classes() + ": class hello.HelloService$Greeter refers to ")
                .contains("which is internal to a library that Baton shares");
    }

    @Test
    void shouldRefuseTwoProjectsOfOnePlugin() throws Exception {
        Path elsewhere = Files.createDirectory(temporary.resolve("elsewhere"));
        AuthorProject twin = AuthorProject.create(elsewhere, "hello").compile();
        assertThatThrownBy(staged(twin)::stage)
                .hasMessage(twin.folder() + " is a second project of the plugin 'hello': each needs an id of its own");
    }
}
