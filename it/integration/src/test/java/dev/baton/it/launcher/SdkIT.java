package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.launcher.scaffold.ProjectKind;
import dev.baton.spi.SharedPackages;
import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the distribution carries for authors of plugins, and the projects that begin there. */
@Timeout(300)
class SdkIT {
    private static final Pattern MANAGED =
            Pattern.compile("<groupId>dev\\.baton</groupId>\\s*<artifactId>([a-z-]+)</artifactId>");
    private static final Pattern PARENT =
            Pattern.compile("<parent>\\s*<groupId>dev\\.baton</groupId>\\s*<artifactId>([a-z-]+)</artifactId>");
    private static final Pattern LEFT_OUT = Pattern.compile("<exclude>[\\w.]+:([\\w.-]+)</exclude>");
    /** The artifact of a jar: what stands before its version. */
    private static final Pattern JAR = Pattern.compile("(.+?)-\\d.*\\.jar");

    @TempDir
    Path folder;

    private static Path artifact(String name) {
        return AuthorProjects.sdk().resolve("dev/baton/" + name + "/" + AuthorProjects.version());
    }

    private static String pom(String name) throws IOException {
        return Files.readString(artifact(name).resolve(name + "-" + AuthorProjects.version() + ".pom"));
    }

    private static List<String> all(Pattern pattern, String text) {
        return pattern.matcher(text)
                .results()
                .map((MatchResult found) -> found.group(1))
                .toList();
    }

    @Test
    void shouldCarryWhatAProjectDependsOn() throws Exception {
        String version = AuthorProjects.version();
        for (String each : List.of("baton-spi", "baton-testkit")) {
            assertThat(artifact(each))
                    .isDirectoryContaining("glob:**/" + each + "-" + version + ".jar")
                    .isDirectoryContaining("glob:**/" + each + "-" + version + "-sources.jar")
                    .isDirectoryContaining("glob:**/" + each + "-" + version + "-javadoc.jar");
        }
        assertThat(all(MANAGED, pom("baton-bom")))
                .as("the BOM")
                .contains("baton-bom", "baton-spi", "baton-testkit", "baton-plugin-http")
                .allSatisfy(each -> assertThat(pom(each)).isNotEmpty());
        try (Stream<Path> artifacts = Files.list(AuthorProjects.sdk().resolve("dev/baton"))) {
            for (Path each : artifacts.toList()) {
                assertThat(all(PARENT, pom(each.getFileName().toString())))
                        .as("what %s inherits from", each)
                        .allSatisfy(parent -> assertThat(pom(parent)).contains("<packaging>pom</packaging>"));
            }
        }
        assertThat(pom("baton-bom") + pom("baton-plugin-parent"))
                .as("every version is filled in")
                .doesNotContain("@");
    }

    /** A plugin's class loader takes shared packages from Baton: a copy of them in the plugin is never used. */
    @Test
    void shouldLeaveOutOfAPluginWhatBatonShares() throws Exception {
        Set<String> shared = new TreeSet<>(Set.of("baton-runtime"));
        shared.addAll(Set.of("netty-codec-classes-quic", "netty-codec-http3")); // of no use without Netty's own epoll
        try (Stream<Path> jars = Files.list(BatonProcess.distribution().resolve("lib"))) {
            for (Path jar :
                    jars.filter(file -> file.toString().endsWith(".jar")).toList()) {
                List<String> classes = classes(jar);
                if (!classes.isEmpty() && classes.stream().allMatch(SharedPackages::contain)) {
                    shared.add(JAR.matcher(jar.getFileName().toString()).replaceAll("$1"));
                }
            }
        }
        assertThat(new TreeSet<>(all(LEFT_OUT, pom("baton-plugin-parent")))).isEqualTo(shared);
    }

    private static List<String> classes(Path jar) throws IOException {
        try (JarFile file = new JarFile(jar.toFile())) {
            return file.stream()
                    .map(entry -> entry.getName())
                    .filter(name -> name.endsWith(".class")
                            && !name.startsWith("META-INF/")
                            && !name.equals("module-info.class"))
                    .map(name ->
                            name.substring(0, name.length() - ".class".length()).replace('/', '.'))
                    .toList();
        }
    }

    @Test
    void shouldMakeANewProjectOnce() throws Exception {
        assertThat(Page.read("spi/README.md").text())
                .contains("\"$BATON/bin/baton\" plugin new hello --service\n(cd hello && mvn -q package)\n");
        for (int code : List.of(0, 1)) {
            Outcome made = BatonProcess.run(folder, "plugin", "new", "hello", "--component");
            assertThat(made.code()).as(made.text()).isEqualTo(code);
            assertThat(made.text()).contains(code == 0 ? "made " : "hello is there already");
        }
    }

    /** Of each kind, by the compiler alone; {@link #shouldBuildAProjectOfEachKind} takes a minute. */
    @Test
    void shouldWriteClassesThatCompile() throws Exception {
        AuthorProjects projects = new AuthorProjects(folder);
        List<Path> sources = new ArrayList<>();
        for (ProjectKind kind : ProjectKind.values()) {
            try (Stream<Path> files = Files.walk(projects.create(kind))) {
                files.filter(file -> file.toString().endsWith(".java") && !file.endsWith("package-info.java"))
                        .forEach(sources::add);
            }
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter said = new StringWriter();
        boolean compiled = compiler.getTask(
                        said,
                        null,
                        null,
                        List.of(
                                "-cp",
                                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                                "-proc:none",
                                "-Xlint:all,-processing,-serial,-try,-classfile,-path",
                                "-Werror",
                                "-d",
                                Files.createDirectory(folder.resolve("classes")).toString()),
                        null,
                        compiler.getStandardFileManager(null, null, null).getJavaFileObjectsFromPaths(sources))
                .call();
        assertThat(compiled).as(said.toString()).isTrue();
        assertThat(sources).hasSizeGreaterThan(3 * ProjectKind.values().length);
    }

    @Tag("long")
    @Test
    void shouldBuildAProjectOfEachKind() throws Exception {
        AuthorProjects projects = new AuthorProjects(folder);
        List<Path> made = new ArrayList<>();
        for (ProjectKind kind : ProjectKind.values()) {
            made.add(projects.create(kind));
        }
        Files.writeString(
                folder.resolve("pom.xml"),
                made.stream()
                        .map(project -> "<module>" + project.getFileName() + "</module>")
                        .collect(Collectors.joining(
                                "",
                                "<project><modelVersion>4.0.0</modelVersion><groupId>all</groupId><artifactId>all"
                                        + "</artifactId><version>1</version><packaging>pom</packaging><modules>",
                                "</modules></project>")));
        projects.mvn(folder, "package");
        for (Path project : made) {
            check(project);
        }
    }

    /** The zip can be installed where the configuration beside it says, and that uses it. */
    private static void check(Path project) throws Exception {
        String id = project.getFileName().toString();
        String config = project.resolve("baton.yaml").toString();
        Outcome install = Commands.ofDistribution(
                "plugin",
                "install",
                project.resolve("target/" + id + "-1.0.zip").toString(),
                "-c",
                config);
        assertThat(install.code()).as(install.text()).isZero();
        assertThat(install.text()).startsWith("installed " + id + " 1.0 in " + project.resolve("plugins/" + id));
        Outcome check = Commands.ofDistribution("check", "-c", config);
        assertThat(check.code()).as(check.text()).isZero();
    }
}
