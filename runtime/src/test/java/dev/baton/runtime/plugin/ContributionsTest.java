package dev.baton.runtime.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mockito.Mockito;

/** What plugins contribute: what is wrong with it is said of the plugin, never of a user's file. */
class ContributionsTest extends PluginLoading {
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
    void aCheckOfOtherValues() throws IOException {
        assertThat(problemOf(
                        "@dev.baton.spi.config.Checked(dev.baton.spi.tls.CertificatesCheck.class) String file", ""))
                .endsWith("Conf.file: @Checked names CertificatesCheck, which checks no String");
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

    /** On the class path of the runtime, as programs that embed Baton have it. */
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
        PluginLoader loader = new PluginLoader(BINDINGS, PluginLoading::own, Set.of());
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
}
