package dev.baton.runtime.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.inject.AbstractModule;
import com.google.inject.Module;
import dev.baton.runtime.config.Variant;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.admin.PluginSnapshot;
import dev.baton.spi.listener.InvalidBindException;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.listener.Unbinding;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mockito.Mockito;

/** Plugins in every state of disrepair: each error names its jar, and the others go on. */
class PluginLoaderTest {
    @TempDir
    Path temporary;

    private Path root = Path.of("");

    /** Something of the runtime's that plugins can have injected. */
    interface RuntimeThing {
        String word();
    }

    private static final Module BINDINGS = new AbstractModule() {
        @Override
        protected void configure() {
            bind(RuntimeThing.class).toInstance(() -> "injected");
        }
    };

    /** Something of the runtime's of which each plugin gets one of its own. */
    record OwnThing(String plugin) {}

    private static Module own(String plugin) {
        return binder -> binder.bind(OwnThing.class).toInstance(new OwnThing(plugin));
    }

    @BeforeEach
    void makeRoot() throws IOException {
        root = Files.createDirectory(temporary.resolve("plugins"));
    }

    private PluginRegistry load() {
        PluginLoader loader = new PluginLoader(BINDINGS, PluginLoaderTest::own, Set.of());
        loader.loadAll(List.of(), List.of(root));
        return loader.registry();
    }

    /** The only plugin, which must have a problem. */
    private String problem() {
        List<PluginSnapshot> snapshots = load().snapshots();
        assertThat(snapshots).hasSize(1);
        return String.valueOf(snapshots.get(0).problem());
    }

    private Path good(String id, String strategy) throws IOException {
        return PluginJar.plugin(id, id + ".Entry")
                .entryPoint(id + ".Entry", "binder.unbindStrategy(\"" + strategy + "\", Unbind.class);")
                .in(root.resolve(id), id + ".jar");
    }

    @Test
    void loadsAPlugin() throws IOException {
        Path jar = good("one", "gently");

        PluginRegistry registry = load();

        assertThat(registry.snapshots())
                .containsExactly(new PluginSnapshot(
                        "one", "1.2.3", PluginJar.SPI, List.of("unbind-strategy gently"), jar.toString(), null));
        UnbindStrategy strategy = registry.make(ExtensionPoint.UNBIND_STRATEGY, Variant.of("gently"));
        assertThat(strategy.getClass().getClassLoader()).isInstanceOf(PluginClassLoader.class);
        assertThat(registry.<UnbindStrategy>make(ExtensionPoint.UNBIND_STRATEGY, Variant.of("gently")))
                .isSameAs(strategy);
        assertThat(registry.unbindStrategies()).containsOnlyKeys("gently");
    }

    @Test
    void aFolderWithoutJars() throws IOException {
        Files.createDirectory(root.resolve("empty"));
        assertThat(problem()).isEqualTo(root.resolve("empty") + " has no jar; a plugin is a folder of jars");
    }

    @Test
    void aFolderOfLibrariesOnly() throws IOException {
        new PluginJar().in(root.resolve("libs"), "lib.jar");
        assertThat(problem()).isEqualTo("no jar in " + root.resolve("libs") + " has Baton-Plugin-Id in its manifest");
    }

    @Test
    void twoManifestsInOneFolder() throws IOException {
        Path first = PluginJar.plugin("a", "a.A").in(root.resolve("two"), "a.jar");
        PluginJar.plugin("b", "b.B").in(root.resolve("two"), "b.jar");
        assertThat(problem())
                .isEqualTo(first + " and b.jar both have the manifest of a plugin; give each a folder of its own");
    }

    @Test
    void aJarBesideTheFolders() throws IOException {
        Path jar = PluginJar.plugin("a", "a.A").in(root, "a.jar");
        assertThat(load().snapshots())
                .anySatisfy(snapshot -> assertThat(snapshot.problem())
                        .isEqualTo(jar + " lies beside the plugins; each plugin needs a folder of its own in " + root));
    }

    @Test
    void aCorruptJar() throws IOException {
        Files.createDirectory(root.resolve("bad"));
        Path jar = Files.writeString(root.resolve("bad").resolve("bad.jar"), "this is no zip file");
        assertThat(problem()).isEqualTo(jar + " cannot be read as a jar: zip END header not found");
    }

    @Test
    void anIncompleteManifest() throws IOException {
        Path jar = PluginJar.plugin("a", "a.A").without("Baton-Plugin-Class").in(root.resolve("a"), "a.jar");
        assertThat(problem()).isEqualTo(jar + ": the manifest has Baton-Plugin-Id but not Baton-Plugin-Class; add it");
    }

    @Test
    void anIdThatIsNone() throws IOException {
        Path jar = PluginJar.plugin("My Plugin", "a.A").in(root.resolve("a"), "a.jar");
        assertThat(problem())
                .isEqualTo(jar + ": Baton-Plugin-Id is 'My Plugin', must begin with a letter and have only lower-case"
                        + " letters, digits and '-'");
    }

    @Test
    void anSpiOfAnotherMajorVersion() throws IOException {
        Path jar = PluginJar.plugin("a", "a.A")
                .attribute("Baton-Spi-Version", "1.0")
                .in(root.resolve("a"), "a.jar");
        assertThat(problem())
                .isEqualTo(
                        jar + " was compiled against SPI 1.0, this Baton has SPI 2.0; use a version of the plugin for"
                                + " SPI 2");
    }

    @Test
    void anSpiThatIsNewer() throws IOException {
        Path jar = PluginJar.plugin("a", "a.A")
                .attribute("Baton-Spi-Version", "2.7")
                .in(root.resolve("a"), "a.jar");
        assertThat(problem())
                .isEqualTo(
                        jar + " was compiled against SPI 2.7, which is newer than this Baton's 2.0; use a newer Baton"
                                + " or an older version of the plugin");
    }

    @Test
    void anSpiThatIsNoVersion() throws IOException {
        Path jar = PluginJar.plugin("a", "a.A")
                .attribute("Baton-Spi-Version", "one")
                .in(root.resolve("a"), "a.jar");
        assertThat(problem()).isEqualTo(jar + ": Baton-Spi-Version is 'one', must be MAJOR.MINOR, for example 2.0");
    }

    /** The SPI is checked first: the class that does not exist is never asked for. */
    @Test
    void checksTheSpiBeforeItLoadsAClass() throws IOException {
        PluginJar.plugin("a", "no.such.Class")
                .attribute("Baton-Spi-Version", "1.0")
                .in(root.resolve("a"), "a.jar");
        assertThat(problem()).contains("SPI 1.0").doesNotContain("no.such.Class");
    }

    @Test
    void aClassThatIsMissing() throws IOException {
        Path jar = PluginJar.plugin("a", "no.such.Class").in(root.resolve("a"), "a.jar");
        assertThat(problem())
                .isEqualTo(jar + ": Baton-Plugin-Class no.such.Class is in none of the jars of its folder");
    }

    @Test
    void aClassThatIsNoPlugin() throws IOException {
        Path jar = PluginJar.plugin("a", "a.Entry")
                .source("a.Entry", "package a; public class Entry {}")
                .in(root.resolve("a"), "a.jar");
        assertThat(problem()).isEqualTo(jar + ": Baton-Plugin-Class a.Entry does not implement dev.baton.spi.Plugin");
    }

    @Test
    void aClassThatCannotBeLinked() throws IOException {
        Path library = new PluginJar()
                .source("lib.Base", "package lib; public class Base {}")
                .in(root.resolveSibling("elsewhere"), "lib.jar");
        Path jar = PluginJar.plugin("a", "a.Entry")
                .compiledAgainst(library)
                .source(
                        "a.Entry",
                        "package a; public class Entry extends lib.Base implements dev.baton.spi.Plugin {"
                                + " public void configure(dev.baton.spi.PluginBinder binder) {} }")
                .in(root.resolve("a"), "a.jar");
        assertThat(problem())
                .isEqualTo(jar + ": class a.Entry refers to lib.Base, which is in none of the plugin's jars: add the"
                        + " one that has it");
    }

    private Path using(String statement, Path... compiledAgainst) throws IOException {
        PluginJar jar = PluginJar.plugin("a", "a.Entry")
                .source(
                        "a.Entry",
                        "package a; public class Entry implements dev.baton.spi.Plugin {"
                                + " public void configure(dev.baton.spi.PluginBinder binder) {}"
                                + " static Object later() { " + statement + " } }");
        List.of(compiledAgainst).forEach(jar::compiledAgainst);
        return jar.in(root.resolve("a"), "a.jar");
    }

    /** What only runs at the first connection is found when the plugin is loaded. */
    @Test
    void aDependencyThatIsMissingLater() throws IOException {
        Path library = new PluginJar()
                .source("lib.Late", "package lib; public class Late { public static Object get() { return null; } }")
                .in(root.resolveSibling("elsewhere"), "lib.jar");
        Path jar = using("Runnable run = () -> lib.Late.get(); return run;", library);
        assertThat(problem())
                .isEqualTo(
                        jar + ": class a.Entry refers to lib.Late, which is in none of the plugin's jars: add the one"
                                + " that has it");
    }

    @Test
    void aDependencyThatIsThere() throws IOException {
        Path library = new PluginJar()
                .source(
                        "lib.Late",
                        "package lib; public class Late { public static Object get() { return missing.Thing.X; } }")
                .source("missing.Thing", "package missing; public class Thing { public static Object X; }")
                .in(root.resolve("a"), "lib.jar");
        using("return lib.Late.get();", library);
        assertThat(load().failures()).isEmpty();
    }

    /** A library may refer to others that are optional; its own users would know. */
    @Test
    void aDependencyOfADependencyMayBeMissing() throws IOException {
        Path optional = new PluginJar()
                .source("missing.Thing", "package missing; public class Thing { public static Object X; }")
                .in(root.resolveSibling("elsewhere"), "missing.jar");
        Path library = new PluginJar()
                .compiledAgainst(optional)
                .source(
                        "lib.Late",
                        "package lib; public class Late { public static Object get() { return missing.Thing.X; } }")
                .in(root.resolve("a"), "lib.jar");
        using("return lib.Late.get();", library);
        assertThat(load().failures()).isEmpty();
    }

    @Test
    void aMethodOfALibraryThatAnotherVersionHad() throws IOException {
        Path before = new PluginJar()
                .source(
                        "lib.Late",
                        "package lib; public class Late { public static Object get(int i) { return null; } }")
                .in(root.resolveSibling("elsewhere"), "lib.jar");
        Path now = new PluginJar()
                .source(
                        "lib.Late",
                        "package lib; public class Late { public static Object get(long i) { return null; } }")
                .in(root.resolve("a"), "lib.jar");
        Path jar = using("return lib.Late.get(1);", before);
        assertThat(problem())
                .isEqualTo(jar + ": class a.Entry uses method lib.Late.get(int), which " + now
                        + " does not have: it was compiled against another version of that");
    }

    @Test
    void aMethodOfTheSpiThatIsGone() throws IOException {
        Path before = new PluginJar()
                .source(
                        "dev.baton.spi.SpiVersion",
                        "package dev.baton.spi; public class SpiVersion { public static Object gone() { return null; } }")
                .in(root.resolveSibling("elsewhere"), "spi.jar");
        Path jar = PluginJar.plugin("a", "a.Entry")
                .compiledFirstAgainst(before)
                .source(
                        "a.Entry",
                        "package a; public class Entry implements dev.baton.spi.Plugin {"
                                + " public void configure(dev.baton.spi.PluginBinder binder) {}"
                                + " static Object later() { return dev.baton.spi.SpiVersion.gone(); } }")
                .in(root.resolve("a"), "a.jar");
        assertThat(problem()).startsWith(jar + ": class a.Entry uses method dev.baton.spi.SpiVersion.gone(), which ");
    }

    @Test
    void aNettyOfItsOwn() throws IOException {
        using("return null;");
        Path netty = new PluginJar()
                .entry("META-INF/io.netty.versions.properties", "netty-codec.version=4.1.100.Final\n")
                .in(root.resolve("a"), "netty-codec.jar");
        assertThat(problem())
                .startsWith(netty + " is of Netty 4.1.100.Final, this Baton shares Netty 4.2.")
                .endsWith(" with its plugins: bring that version");
    }

    @Test
    void aKeyOfTheManifestThatIsMisspelt() throws IOException {
        Path jar = PluginJar.plugin("a", "a.Entry")
                .attribute("Baton-Plugin-Loads", "on-request")
                .in(root.resolve("a"), "a.jar");
        assertThat(problem())
                .isEqualTo(jar + ": the manifest has an unknown key Baton-Plugin-Loads; did you mean"
                        + " 'Baton-Plugin-Load'?");
    }

    @Test
    void theHigherOfTwoVersions() throws IOException {
        good("one", "newer");
        PluginJar.plugin("one", "one.Entry")
                .attribute("Baton-Plugin-Version", "1.10-rc1")
                .entryPoint("one.Entry", "binder.unbindStrategy(\"newest\", Unbind.class);")
                .in(root.resolve("another"), "another.jar");
        PluginRegistry registry = load();
        assertThat(registry.failures()).isEmpty();
        assertThat(registry.unbindStrategies()).containsOnlyKeys("newest");
    }

    @Test
    void aCopyOfAPluginOfTheDistribution() throws IOException {
        good("one", "bundled");
        Path added = temporary.resolve("added");
        PluginJar.plugin("one", "one.Entry")
                .attribute("Baton-Plugin-Version", "2.0")
                .entryPoint("one.Entry", "binder.unbindStrategy(\"mine\", Unbind.class);")
                .in(added.resolve("one"), "one.jar");
        PluginLoader loader = new PluginLoader(BINDINGS, PluginLoaderTest::own, Set.of());
        loader.loadAll(List.of(root), List.of(added));
        assertThat(loader.registry().unbindStrategies()).isEmpty();
        assertThat(loader.registry().failures())
                .singleElement()
                .extracting(PluginSnapshot::problem)
                .asString()
                .startsWith("the plugin 'one' is there 2 times: 1.2.3 in ")
                .endsWith("; remove all but one");
    }

    @Test
    void whatIsRequired() throws IOException {
        good("one", "gently");
        PluginRegistry registry = load();
        assertThat(registry.missing("one")).isEmpty();
        assertThat(registry.missing("one >= 1.2")).isEmpty();
        assertThat(registry.missing("one>=1.2.3")).isEmpty();
        assertThat(registry.missing("one >= 1.10"))
                .contains("the plugin 'one' has version 1.2.3, needed is 1.10 or later");
        assertThat(registry.missing("on")).contains("there is no plugin 'on'; did you mean 'one'?");
        assertThat(registry.missing("one > 1"))
                .contains("'one > 1' is no requirement: expected an id, or an id and a version, as in auth >= 1.2");
    }

    private void kind(String id, String prefix) throws IOException {
        PluginJar.plugin(id, id + ".Entry")
                .entryPoint(id + ".Entry", "binder.listener(\"" + id + "\", Kind.class);")
                .source(
                        id + ".Kind",
                        "package " + id + "; public class Kind implements dev.baton.spi.listener.ListenerKind {"
                                + " public String name() { return \"" + id + "\"; }"
                                + " public boolean claims(String bind) { return bind.startsWith(\"" + prefix + "\"); }"
                                + " public dev.baton.spi.listener.ListenerEndpoint parse(String bind) {"
                                + " throw new dev.baton.spi.listener.InvalidBindException(\"no \" + bind); } }")
                .in(root.resolve(id), id + ".jar");
    }

    @Test
    void twoKindsOfListenersThatClaimOneBind() throws IOException {
        kind("one", "a");
        kind("two", "ab");
        PluginRegistry registry = load();
        assertThat(registry.failures()).isEmpty();
        assertThatExceptionOfType(InvalidBindException.class)
                .isThrownBy(() -> registry.endpoint("abc", Optional.empty()))
                .withMessage(
                        "'abc' is claimed by 2 kinds of listeners: one of plugin one, two of plugin two; say which by 'kind'");
        assertThatExceptionOfType(InvalidBindException.class)
                .isThrownBy(() -> registry.endpoint("abc", Optional.of(Variant.of("two"))))
                .as("the one that was named was asked")
                .withMessage("no abc");
        assertThatExceptionOfType(InvalidBindException.class)
                .isThrownBy(() -> registry.endpoint("ac", Optional.of(Variant.of("two"))))
                .withMessage("'ac' does not have the form of the kind two");
        assertThatExceptionOfType(InvalidBindException.class)
                .isThrownBy(() -> registry.endpoint("ac", Optional.empty()))
                .withMessage("no ac");
        assertThatExceptionOfType(InvalidBindException.class)
                .isThrownBy(() -> registry.endpoint("x", Optional.empty()))
                .withMessage("'x' has the form of none of the kinds of listeners: one, two");
    }

    @Test
    void aConfigureThatThrows() throws IOException {
        Path jar = PluginJar.plugin("a", "a.Entry")
                .entryPoint("a.Entry", "throw new IllegalStateException(\"not today\");")
                .in(root.resolve("a"), "a.jar");
        assertThat(problem())
                .isEqualTo(jar + ": a.Entry cannot be configured: java.lang.IllegalStateException: not today");
    }

    @Test
    void aConfigureThatThrowsAnError() throws IOException {
        Path jar = PluginJar.plugin("a", "a.Entry")
                .entryPoint("a.Entry", "configure(binder);")
                .in(root.resolve("a"), "a.jar");
        assertThat(problem()).isEqualTo(jar + ": a.Entry cannot be configured: java.lang.StackOverflowError");
    }

    @Test
    void aContributionThatCannotBeInjected() throws IOException {
        Path jar = PluginJar.plugin("a", "a.Entry")
                .entryPoint("a.Entry", "binder.unbindStrategy(\"x\", Needs.class);")
                .source(
                        "a.Needs",
                        "package a; public class Needs extends java.lang.Object implements"
                                + " dev.baton.spi.listener.UnbindStrategy {"
                                + " @jakarta.inject.Inject public Needs(java.lang.Runnable what) {}"
                                + " public java.util.concurrent.CompletionStage<dev.baton.spi.listener.ListenerResult>"
                                + " unbind(dev.baton.spi.listener.Unbinding u) { return null; } }")
                .in(root.resolve("a"), "a.jar");
        assertThat(problem())
                .startsWith(jar + ": a.Entry cannot be configured: ")
                .contains("No implementation for java.lang.Runnable was bound");
    }

    @Test
    void aRecordThatNoConfigurationCanFill() throws IOException {
        Path jar = PluginJar.plugin("a", "a.Entry")
                .entryPoint("a.Entry", "binder.component(\"thing\", Conf.class, Make.class);")
                .source("a.Conf", "package a; public record Conf(java.lang.Thread thread) {}")
                .source(
                        "a.Make",
                        "package a; public class Make implements dev.baton.spi.ComponentFactory<Conf> {"
                                + " public dev.baton.spi.Component create(Conf config) { return null; } }")
                .in(root.resolve("a"), "a.jar");
        assertThat(problem())
                .isEqualTo(
                        jar + ": a.Entry cannot be configured: java.lang.IllegalArgumentException: Conf.thread has the"
                                + " type java.lang.Thread, which is none that a configuration can have");
    }

    @Test
    void aDefaultThatIsOutsideItsRange() throws IOException {
        assertThat(problemOf("@Default(\"9\") @Range(min = \"0\", max = \"5\") int number", ""))
                .endsWith("Conf.number has the default 9, which is outside 0 to 5");
    }

    @Test
    void aDefaultThatTheRecordRefuses() throws IOException {
        assertThat(problemOf(
                        "@Default(\"9\") int number",
                        "public Conf { if (number > 5) throw new"
                                + " WrongValueException(\"number\", \"too much\"); }"))
                .endsWith("Conf cannot be made of its own defaults: too much");
    }

    /** What is told of a plugin's record, whatever a user's file has. */
    private String problemOf(String components, String body) throws IOException {
        PluginJar.plugin("a", "a.Entry")
                .entryPoint("a.Entry", "binder.unbindStrategy(\"gently\", Conf.class, Make.class);")
                .source(
                        "a.Conf",
                        "package a; import dev.baton.spi.config.*; public record Conf(" + components + ") {" + body
                                + "}")
                .source(
                        "a.Make",
                        "package a; import dev.baton.spi.listener.UnbindStrategy;"
                                + " public class Make implements dev.baton.spi.Configured<Conf, UnbindStrategy> {"
                                + " public UnbindStrategy create(Conf conf) { return null; } }")
                .in(root.resolve("a"), "a.jar");
        return problem();
    }

    /** Keys of its own reach what a plugin brings, made anew for each place that names it. */
    @Test
    void makesWhatHasKeysOfItsOwn() throws IOException {
        PluginJar.plugin("a", "a.Entry")
                .entryPoint("a.Entry", "binder.unbindStrategy(\"gently\", Conf.class, Make.class);")
                .source("a.Conf", "package a; public record Conf(String word) {}")
                .source(
                        "a.Make",
                        "package a; import dev.baton.spi.listener.UnbindStrategy; import java.util.concurrent.*;"
                                + " public class Make implements dev.baton.spi.Configured<Conf, UnbindStrategy> {"
                                + " public UnbindStrategy create(Conf conf) {"
                                + " return unbinding -> CompletableFuture.failedFuture("
                                + "new IllegalStateException(conf.word())); } }")
                .in(root.resolve("a"), "a.jar");
        PluginRegistry registry = load();

        for (String word : List.of("one", "other")) {
            UnbindStrategy made = registry.make(
                    ExtensionPoint.UNBIND_STRATEGY, new Variant("gently", filled(registry, "gently", word)));
            assertThat(made.unbind(Mockito.mock(Unbinding.class)))
                    .isCompletedExceptionally()
                    .satisfies(stage -> assertThatThrownBy(
                                    () -> stage.toCompletableFuture().get())
                            .hasRootCauseMessage(word));
        }
    }

    private static Record filled(PluginRegistry registry, String strategy, String word) {
        Class<? extends Record> type =
                registry.get(ExtensionPoint.UNBIND_STRATEGY, strategy).config();
        try {
            return type.getConstructor(String.class).newInstance(word);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("cannot fill " + type, e);
        }
    }

    /** Any key of the top level, whatever the section could hold. */
    @ParameterizedTest
    @ValueSource(strings = {"version", "grace", "hard-stop", "memory", "workers", "resolver", "listeners", "plugins"})
    void aSectionOfTheRuntimesOwn(String section) throws IOException {
        PluginJar.plugin("a", "a.Entry")
                .entryPoint("a.Entry", "binder.component(\"" + section + "\", null, null);")
                .in(root.resolve("a"), "a.jar");
        assertThat(problem()).endsWith("the section '" + section + "' is the runtime's own");
    }

    @Test
    void aNameThatIsNone() throws IOException {
        PluginJar.plugin("a", "a.Entry")
                .entryPoint("a.Entry", "binder.unbindStrategy(\"At Once\", Unbind.class);")
                .in(root.resolve("a"), "a.jar");
        assertThat(problem()).contains("'At Once' is no name: it must begin with a letter");
    }

    @Test
    void aNameThatIsTaken() throws IOException {
        Path first = good("one", "gently");
        Path second = PluginJar.plugin("two", "two.Entry")
                .entryPoint(
                        "two.Entry",
                        "binder.unbindStrategy(\"other\", Unbind.class);"
                                + " binder.unbindStrategy(\"gently\", Unbind.class);")
                .in(root.resolve("two"), "two.jar");

        PluginRegistry registry = load();

        assertThat(registry.snapshots())
                .extracting(PluginSnapshot::problem)
                .containsExactly(
                        null,
                        second + ": unbind-strategy gently is claimed already by plugin 'one' from " + first
                                + "; remove one of them");
        assertThat(registry.unbindStrategies()).containsOnlyKeys("gently");
    }

    @Test
    void anIdThatIsTaken() throws IOException {
        Path first = good("one", "gently");
        Path second = PluginJar.plugin("one", "one.Entry")
                .entryPoint("one.Entry", "binder.unbindStrategy(\"other\", Unbind.class);")
                .in(root.resolve("two"), "two.jar");
        assertThat(problem())
                .isEqualTo("the plugin 'one' is there 2 times: 1.2.3 in " + first + ", 1.2.3 in " + second
                        + "; remove all but one");
    }

    @Test
    void theOthersGoOn() throws IOException {
        good("before", "early");
        PluginJar.plugin("broken", "broken.Entry")
                .entryPoint("broken.Entry", "throw new IllegalStateException();")
                .in(root.resolve("broken"), "broken.jar");
        good("last", "late");

        PluginRegistry registry = load();

        assertThat(registry.unbindStrategies()).containsOnlyKeys("early", "late");
        assertThat(registry.snapshots()).extracting(PluginSnapshot::id).containsExactly("before", "broken", "last");
    }

    @Test
    void aRootThatIsNotThere() {
        Path none = root.resolve("none");
        PluginLoader loader = new PluginLoader(BINDINGS, PluginLoaderTest::own, Set.of());
        loader.loadAll(List.of(), List.of(none));
        assertThat(loader.registry().snapshots().get(0).problem())
                .isEqualTo("the folder " + none + " cannot be read: java.nio.file.NoSuchFileException: " + none);
    }

    /** On the class path of the runtime, as whoever embeds Baton has it. */
    public static final class Embedded implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.unbindStrategy("mine", Mine.class);
            binder.guice().bind(Helper.class);
        }
    }

    /** A class that nothing outside of the plugin can have injected. */
    public static final class Helper {
        private final RuntimeThing thing;
        private final OwnThing own;

        @Inject
        Helper(RuntimeThing thing, OwnThing own) {
            this.thing = thing;
            this.own = own;
        }
    }

    /** Injected with what the runtime offers and with what the plugin binds. */
    public static final class Mine implements UnbindStrategy {
        final String word;

        @Inject
        Mine(Helper helper) {
            word = helper.thing.word() + " for " + helper.own.plugin();
        }

        @Override
        public CompletionStage<ListenerResult> unbind(Unbinding unbinding) {
            return new CompletableFuture<>();
        }
    }

    @Test
    void anEmbeddedPluginHasItsOwnBindingsAndTheRuntimes() {
        PluginLoader loader = new PluginLoader(BINDINGS, PluginLoaderTest::own, Set.of());
        loader.loadEmbedded("mine", Embedded.class);

        Mine mine = (Mine) loader.registry().<UnbindStrategy>make(ExtensionPoint.UNBIND_STRATEGY, Variant.of("mine"));
        assertThat(mine.word).isEqualTo("injected for mine");
        assertThat(loader.registry().snapshots())
                .containsExactly(new PluginSnapshot(
                        "mine",
                        "embedded",
                        "",
                        List.of("unbind-strategy mine"),
                        "class " + Embedded.class.getName(),
                        null));
    }

    /** What can do harm is there and rests until somebody asks for it. */
    @Test
    void shouldLoadOnRequestOnly() throws Exception {
        PluginJar.plugin("rehearsal", "acme.Rehearsal")
                .attribute("Baton-Plugin-Load", "on-request")
                .entryPoint("acme.Rehearsal", "binder.unbindStrategy(\"never\", Unbind.class);")
                .in(root.resolve("rehearsal"), "rehearsal.jar");

        PluginRegistry resting = load();
        assertThat(resting.unbindStrategies()).isEmpty();
        assertThat(resting.plugins()).containsExactly("rehearsal");
        assertThat(resting.failures()).isEmpty();
        assertThat(resting.snapshots())
                .singleElement()
                .extracting(PluginSnapshot::problem)
                .asString()
                .contains("enable: [rehearsal]");

        PluginLoader asked = new PluginLoader(BINDINGS, PluginLoaderTest::own, Set.of("rehearsal"));
        asked.loadAll(List.of(), List.of(root));
        assertThat(asked.registry().unbindStrategies()).containsOnlyKeys("never");
    }

    @Test
    void shouldKnowNoOtherWordForWhenToLoad() throws Exception {
        PluginJar.plugin("late", "acme.Late")
                .attribute("Baton-Plugin-Load", "later")
                .entryPoint("acme.Late", "")
                .in(root.resolve("late"), "late.jar");
        assertThat(problem()).contains("late.jar", "Baton-Plugin-Load", "'later'", "on-request");
    }
}
