package dev.baton.runtime.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.config.Variant;
import dev.baton.spi.admin.PluginSnapshot;
import dev.baton.spi.listener.UnbindStrategy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Folders in every state of disrepair: each error names its jar, and the others go on. */
class PluginLoaderTest extends PluginLoading {
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
    void aClassWithoutAConstructor() throws IOException {
        Path jar = PluginJar.plugin("a", "a.Entry")
                .source(
                        "a.Entry",
                        "package a; public class Entry implements dev.baton.spi.Plugin {"
                                + " public Entry(String needs) {}"
                                + " public void configure(dev.baton.spi.PluginBinder binder) {} }")
                .in(root.resolve("a"), "a.jar");
        assertThat(problem())
                .isEqualTo(jar + ": a.Entry cannot be configured: it has no constructor without parameters");
    }

    @Test
    void aConstructorThatThrows() throws IOException {
        Path jar = PluginJar.plugin("a", "a.Entry")
                .source(
                        "a.Entry",
                        "package a; public class Entry implements dev.baton.spi.Plugin {"
                                + " public Entry() { throw new IllegalStateException(\"not today\"); }"
                                + " public void configure(dev.baton.spi.PluginBinder binder) {} }")
                .in(root.resolve("a"), "a.jar");
        assertThat(problem())
                .isEqualTo(jar + ": a.Entry cannot be configured: java.lang.IllegalStateException: not today");
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

    /** netty-handler has such copies, beside what a plugin brings it for: that of Baton is loaded in their place. */
    @Test
    void aCopyOfASharedClassMayReferToWhatBatonDoesNotHave() throws IOException {
        String shared = "io.netty.handler.ssl";
        Path optional = new PluginJar()
                .source(shared + ".Thing", "package " + shared + "; public class Thing { public static Object X; }")
                .in(root.resolveSibling("elsewhere"), "missing.jar");
        Path library = new PluginJar()
                .compiledAgainst(optional)
                .source(
                        shared + ".Copy",
                        "package " + shared + "; public class Copy { static Object get() { return Thing.X; } }")
                .source("lib.Late", "package lib; public class Late { public static Object get() { return 1; } }")
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
        PluginLoader loader = new PluginLoader(BINDINGS, PluginLoading::own, Set.of());
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
    void aPluginThatIsBeingDeveloped() throws IOException {
        good("one", "bundled");
        Path added = temporary.resolve("added");
        PluginJar.plugin("two", "two.Entry")
                .attribute("Baton-Plugin-Version", "9.0")
                .entryPoint("two.Entry", "binder.unbindStrategy(\"added\", Unbind.class);")
                .in(added.resolve("two"), "two.jar");
        Path developed = temporary.resolve("developed");
        for (String id : List.of("one", "two", "three")) {
            PluginJar.plugin(id, id + ".Entry")
                    .attribute("Baton-Plugin-Load", id.equals("three") ? "on-request" : "")
                    .entryPoint(id + ".Entry", "binder.unbindStrategy(\"mine-" + id + "\", Unbind.class);")
                    .in(developed.resolve(id), id + ".jar");
        }
        PluginLoader loader = new PluginLoader(BINDINGS, PluginLoading::own, Set.of());
        loader.loadAll(List.of(root), List.of(added), List.of(developed));
        assertThat(loader.registry().failures()).isEmpty();
        assertThat(loader.registry().unbindStrategies()).containsOnlyKeys("mine-one", "mine-two", "mine-three");
    }

    /** The build of Baton has linked its own plugins, but not what was installed beside them. */
    @Test
    void aPluginThatWasInstalledIntoTheDistribution() throws IOException {
        Path gone = new PluginJar()
                .source("missing.Thing", "package missing; public class Thing { public static Object X; }")
                .in(root.resolveSibling("elsewhere"), "missing.jar");
        Path jar = using("return missing.Thing.X;", gone);
        assertThat(bundled().failures()).isEmpty();
        Files.writeString(jar.resolveSibling("installed"), "");
        assertThat(bundled().failures())
                .singleElement()
                .extracting(PluginSnapshot::problem)
                .asString()
                .contains("missing.Thing");
    }

    /** Those of the distribution get an injector late, unless they have bindings of their own. */
    @Test
    void aPluginOfTheDistributionWithBindingsOfItsOwn() throws IOException {
        PluginJar.plugin("one", "one.Entry")
                .entryPoint(
                        "one.Entry",
                        "binder.unbindStrategy(\"gently\", Unbind.class); binder.guice().bind(Integer.class).toInstance(7);")
                .in(root.resolve("one"), "one.jar");
        good("two", "plainly");
        PluginRegistry registry = bundled();
        assertThat(registry.failures()).isEmpty();
        assertThat(registry.all(ExtensionPoint.UNBIND_STRATEGY)).containsOnlyKeys("gently", "plainly");
        registry.all(ExtensionPoint.UNBIND_STRATEGY).values().forEach(each -> {
            assertThat(each.late()).isTrue();
            assertThat(each.get()).isNotNull();
        });
    }

    @Test
    void aPluginOfTheDistributionThatThrows() throws IOException {
        PluginJar.plugin("one", "one.Entry")
                .entryPoint("one.Entry", "throw new IllegalStateException(\"broken\");")
                .in(root.resolve("one"), "one.jar");
        assertThat(bundled().failures())
                .singleElement()
                .extracting(PluginSnapshot::problem)
                .asString()
                .endsWith("one.Entry cannot be configured: java.lang.IllegalStateException: broken");
    }

    private PluginRegistry bundled() {
        PluginLoader loader = new PluginLoader(BINDINGS, PluginLoading::own, Set.of());
        loader.loadAll(List.of(root), List.of());
        return loader.registry();
    }

    @Test
    void aPluginWithTheIdOfOneThatIsLoadedOnRequest() throws IOException {
        PluginJar.plugin("rehearsal", "acme.Rehearsal")
                .attribute("Baton-Plugin-Load", "on-request")
                .entryPoint("acme.Rehearsal", "")
                .in(root.resolve("rehearsal"), "rehearsal.jar");
        Path mine = temporary.resolve("mine");
        PluginJar.plugin("rehearsal", "mine.Rehearsal")
                .entryPoint("mine.Rehearsal", "")
                .in(mine, "rehearsal.jar");
        PluginLoader loader = new PluginLoader(BINDINGS, PluginLoading::own, Set.of());
        loader.loadOne(List.of(root), mine, null);
        assertThat(loader.registry().snapshots())
                .anySatisfy(each -> assertThat(each.problem())
                        .contains(mine + "/rehearsal.jar: a plugin 'rehearsal' is one of the distribution's"));
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
        PluginLoader loader = new PluginLoader(BINDINGS, PluginLoading::own, Set.of());
        loader.loadAll(List.of(), List.of(none));
        assertThat(loader.registry().snapshots().get(0).problem())
                .isEqualTo("the folder " + none + " cannot be read: java.nio.file.NoSuchFileException: " + none);
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

        PluginLoader asked = new PluginLoader(BINDINGS, PluginLoading::own, Set.of("rehearsal"));
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

    /** The parent of plugins' projects writes the key always. */
    @Test
    void shouldTakeABlankWordAsNone() throws Exception {
        PluginJar.plugin("plain", "acme.Plain")
                .attribute("Baton-Plugin-Load", " ")
                .entryPoint("acme.Plain", "binder.unbindStrategy(\"never\", Unbind.class);")
                .in(root.resolve("plain"), "plain.jar");
        assertThat(load().unbindStrategies()).containsOnlyKeys("never");
    }
}
