package dev.baton.runtime.launcher.dev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.runtime.config.ConfigReader;
import dev.baton.runtime.plugin.PluginLoader;
import dev.baton.runtime.plugin.PluginRegistry;
import dev.baton.runtime.server.ConfigSource;
import dev.baton.runtime.server.StartException;
import dev.baton.spi.Component;
import dev.baton.spi.ComponentFactory;
import dev.baton.spi.Plugin;
import dev.baton.spi.config.Default;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What is different in a configuration that is used for development. */
class SupervisorLinkTest {
    private static final Path FOLDER = Path.of("/nowhere");

    /** As that of loop-rescue. */
    record Rescue(@Default("true") boolean takeOver) {}

    /** Never asked. */
    static final class Watchdogs implements ComponentFactory<Rescue> {
        @Override
        public Component create(Rescue config) {
            throw new AssertionError("not for a check");
        }
    }

    private static PluginRegistry plugins(Plugin... plugins) {
        PluginLoader loader = new PluginLoader(binder -> {}, id -> binder -> {}, Set.of());
        for (Plugin each : plugins) {
            loader.loadEmbedded("rescue", each);
        }
        assertThat(loader.registry().failures()).isEmpty();
        return loader.registry();
    }

    private static PluginRegistry withRescue() {
        return plugins(binder -> binder.component("rescue", Rescue.class, Watchdogs.class));
    }

    private static ConfigReader adapted(String text, PluginRegistry plugins) throws Exception {
        ConfigSource source = new ConfigSource("file", "test", ConfigReader.parse("file", text, FOLDER));
        return SupervisorLink.adapted(source, plugins).reader();
    }

    private static Rescue rescue(String text) throws Exception {
        return (Rescue) Optional.ofNullable(adapted(text, withRescue())
                        .read(withRescue())
                        .components()
                        .get("rescue"))
                .orElseThrow();
    }

    @Test
    void shouldLeaveConnectionsWithALoopThatIsBlockedUnlessTheFileSaysSo() throws Exception {
        assertThat(rescue("version: 1\n").takeOver()).isFalse();
        assertThat(rescue("version: 1\nrescue:\n").takeOver()).isFalse();
        assertThat(rescue("version: 1\nrescue: { take-over: true }\n").takeOver())
                .isTrue();
        assertThat(adapted("version: 1\n", plugins()).has("rescue")).isFalse();
        assertThatThrownBy(() -> rescue("version: 1\nrescue: 5\n")).hasMessageContaining("file:2:");
    }

    @Test
    void shouldNeedNoFolderOfInstalledPlugins() throws Exception {
        String text = "version: 1\nplugins: { path: [none] }\n";
        assertThatThrownBy(() -> ConfigReader.parse("file", text, FOLDER).read(withRescue()))
                .hasMessageContaining("there is no folder /nowhere/none");
        assertThat(adapted(text, withRescue()).read(withRescue()).components()).containsKey("rescue");
    }

    @Test
    void shouldRefuseAnotherUserWhoCannotReadWhatIsCompiled() {
        assertThatThrownBy(() -> adapted("version: 1\nuser: nobody\n", withRescue()))
                .isInstanceOf(StartException.class)
                .hasMessageStartingWith("file: `user` cannot be used with `baton run --dev`");
    }
}
