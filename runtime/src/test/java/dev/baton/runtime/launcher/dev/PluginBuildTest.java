package dev.baton.runtime.launcher.dev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.runtime.launcher.dev.PluginBuild.Staged;
import dev.baton.runtime.plugin.PluginException;
import dev.baton.spi.SpiVersion;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A project in each state that its author and the build leave it in. */
class PluginBuildTest {
    private static final String JSOUP = """
              <dependencies>
                <dependency><groupId>org.jsoup</groupId><artifactId>jsoup</artifactId><version>1.21.2</version></dependency>
              </dependencies>
            """;

    @TempDir
    Path temporary;

    private AuthorProject project = new AuthorProject(Path.of(""), "");
    private Path plugins = Path.of("");

    @BeforeEach
    void create() throws Exception {
        project = AuthorProject.create(temporary, "hello");
        plugins = Files.createDirectory(temporary.resolve("staged"));
    }

    private Staged stage() throws PluginException {
        return PluginBuild.of(project.folder()).stage(plugins, AuthorProject.BATON);
    }

    private static List<String> files(Path folder) throws Exception {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private Attributes manifest(Staged staged) throws Exception {
        try (JarFile jar =
                new JarFile(staged.folder().resolve("hello-classes.jar").toFile())) {
            return jar.getManifest().getMainAttributes();
        }
    }

    private static void assertNotBuilt(ThrowingCallable stage, String... words) {
        assertThatThrownBy(stage).isInstanceOf(NotBuiltException.class).hasMessageContainingAll(words);
    }

    @Test
    void shouldNeedNoMavenForANewProject() throws Exception {
        project.compile();
        Files.writeString(project.classes().resolve("words.txt"), "hello");
        Staged staged = stage();
        assertThat(staged.id()).isEqualTo("hello");
        assertThat(staged.version()).isEqualTo("1.0");
        assertThat(staged.folder()).isEqualTo(plugins.resolve("hello"));
        assertThat(files(staged.folder())).containsExactly("hello-classes.jar");
        Attributes manifest = manifest(staged);
        assertThat(manifest.getValue("Baton-Plugin-Id")).isEqualTo("hello");
        assertThat(manifest.getValue("Baton-Plugin-Version")).isEqualTo("1.0");
        assertThat(manifest.getValue("Baton-Spi-Version")).isEqualTo(SpiVersion.MAJOR + "." + SpiVersion.MINOR);
        assertThat(manifest.getValue("Baton-Plugin-Class")).isEqualTo("hello.HelloPlugin");
        assertThat(manifest.getValue("Baton-Plugin-Load")).isEmpty();
        try (JarFile jar =
                new JarFile(staged.folder().resolve("hello-classes.jar").toFile())) {
            assertThat(jar.stream().map(entry -> entry.getName()))
                    .contains("hello/HelloPlugin.class", "hello/HelloService.class", "words.txt");
        }
        assertThat(files(plugins)).containsExactly("hello");
    }

    @Test
    void shouldTakeThePropertiesOfThePom() throws Exception {
        project.compile()
                .edit(
                        "pom.xml",
                        "<properties>",
                        "<properties><baton.plugin.id>${project.artifactId}-${kind}</baton.plugin.id><kind>shop</kind>"
                                + "<baton.plugin.version>${project.parent.version}</baton.plugin.version>"
                                + "<baton.plugin.load>on-request</baton.plugin.load>");
        Staged staged = stage();
        assertThat(staged.id()).isEqualTo("hello-shop");
        assertThat(staged.version()).isEqualTo(AuthorProject.BATON);
    }

    @Test
    void shouldTakeLibrariesFromTheLastZip() throws Exception {
        project.compile().edit("pom.xml", "  <repositories>", JSOUP + "  <repositories>");
        assertNotBuilt(this::stage, "hello has dependencies", "run `mvn package` once");
        assertThat(files(plugins)).as("nothing is left").isEmpty();

        Path old = project.zip("hello-0.9.zip", "jsoup-1.20.jar");
        Files.setLastModifiedTime(old, FileTime.from(Instant.EPOCH));
        project.zip("hello-1.0.zip", "jsoup-1.21.jar");
        Files.writeString(project.folder().resolve("target/other.zip"), "no zip");
        Staged staged = stage();
        assertThat(files(staged.folder())).containsExactly("hello-classes.jar", "jsoup-1.21.jar");
        assertThat(staged.version())
                .as("of pom.xml, which may have changed since")
                .isEqualTo("1.0");
        assertThat(staged.libraries())
                .isEqualTo("the libraries of " + project.folder().resolve("target/hello-1.0.zip"));
    }

    /** Only Maven knows what another parent says. */
    @Test
    void shouldTakeTheManifestFromTheLastZipIfThePomCannotBeUnderstood() throws Exception {
        project.compile().edit("pom.xml", "<version>" + AuthorProject.BATON, "<version>9.9");
        assertNotBuilt(this::stage, "is not baton-plugin-parent " + AuthorProject.BATON, "run `mvn package` once");
        project.zip("hello-1.0.zip", "library.jar");
        assertThat(stage().version()).isEqualTo("7.0-packaged");
    }

    @Test
    void shouldTakeTheManifestFromTheLastZipIfAPropertyIsMavensOwn() throws Exception {
        project.compile()
                .edit(
                        "pom.xml",
                        "<properties>",
                        "<properties><baton.plugin.version>${git.commit}</baton.plugin.version>");
        project.zip("hello-1.0.zip", "library.jar");
        assertThat(stage().version()).isEqualTo("7.0-packaged");
    }

    @Test
    void shouldSayWhatIsNotCompiled() throws Exception {
        assertNotBuilt(this::stage, "hello is not compiled", "mvn compile");
        project.compile();
        Files.delete(project.classes().resolve("hello/HelloPlugin.class"));
        assertNotBuilt(this::stage, "target/classes has no class hello.HelloPlugin", "baton.plugin.class");
        assertThat(files(plugins)).isEmpty();
    }

    @Test
    void shouldSayWhatIsNoProject() throws Exception {
        Path folder = Files.createDirectory(temporary.resolve("empty"));
        Path file = Files.writeString(temporary.resolve("file"), "");
        for (String[] each : List.of(
                new String[] {temporary.resolve("nowhere").toString(), " is not there"},
                new String[] {folder.toString(), " has no pom.xml"},
                new String[] {file.toString(), " is no folder"})) {
            assertThatThrownBy(() -> PluginBuild.of(Path.of(each[0])))
                    .isInstanceOf(PluginException.class)
                    .hasMessage(each[0] + each[1]
                            + "; expected the folder of a plugin's Maven project, as `baton plugin new` makes it");
        }
        Files.writeString(folder.resolve("pom.xml"), "<project><artifactId>x</artifactId>");
        assertThatThrownBy(() -> PluginBuild.of(folder).stage(plugins, AuthorProject.BATON))
                .isExactlyInstanceOf(PluginException.class)
                .hasMessageStartingWith(folder.resolve("pom.xml") + " cannot be read: ");
        Files.writeString(folder.resolve("pom.xml"), "<settings/>");
        assertThatThrownBy(() -> PluginBuild.of(folder).stage(plugins, AuthorProject.BATON))
                .hasMessageEndingWith("is no pom of Maven: it has <settings>, expected <project>");
        Files.writeString(
                folder.resolve("pom.xml"),
                "<!DOCTYPE project [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><project>&x;</project>");
        assertThatThrownBy(() -> PluginBuild.of(folder).stage(plugins, AuthorProject.BATON))
                .hasMessageContaining("DOCTYPE");
        Files.writeString(folder.resolve("pom.xml"), "<project><artifactId>x</artifactId></project>");
        assertNotBuilt(
                () -> PluginBuild.of(folder).stage(plugins, AuthorProject.BATON), "is no project of a plugin that can");
    }

    @Test
    void shouldSayThatThePomNamesNoPlugin() throws Exception {
        project.compile().edit("pom.xml", "<baton.plugin.class>hello.HelloPlugin</baton.plugin.class>", "");
        assertThatThrownBy(this::stage)
                .isExactlyInstanceOf(PluginException.class)
                .hasMessageContaining("set the property baton.plugin.class");
    }

    @Test
    void shouldRefuseASecondProjectOfAPlugin() throws Exception {
        project.compile();
        stage();
        assertThatThrownBy(this::stage)
                .isExactlyInstanceOf(PluginException.class)
                .hasMessageEndingWith("is a second project of the plugin 'hello': each needs an id of its own");
    }
}
