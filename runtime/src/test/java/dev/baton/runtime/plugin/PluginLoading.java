package dev.baton.runtime.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.inject.AbstractModule;
import com.google.inject.Module;
import dev.baton.spi.admin.PluginSnapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A folder of plugins, and what becomes of it when it is loaded. */
abstract class PluginLoading {
    @TempDir
    Path temporary;

    Path root = Path.of("");

    /** Something of the runtime's that plugins can have injected. */
    interface RuntimeThing {
        String word();
    }

    static final Module BINDINGS = new AbstractModule() {
        @Override
        protected void configure() {
            bind(RuntimeThing.class).toInstance(() -> "injected");
        }
    };

    /** Something of the runtime's of which each plugin gets one of its own. */
    record OwnThing(String plugin) {}

    static Module own(String plugin) {
        return binder -> binder.bind(OwnThing.class).toInstance(new OwnThing(plugin));
    }

    @BeforeEach
    void makeRoot() throws IOException {
        root = Files.createDirectory(temporary.resolve("plugins"));
    }

    PluginRegistry load() {
        PluginLoader loader = new PluginLoader(BINDINGS, PluginLoading::own, Set.of());
        loader.loadAll(List.of(), List.of(root));
        return loader.registry();
    }

    /** The only plugin, which must have a problem. */
    String problem() {
        List<PluginSnapshot> snapshots = load().snapshots();
        assertThat(snapshots).hasSize(1);
        return String.valueOf(snapshots.get(0).problem());
    }

    Path good(String id, String strategy) throws IOException {
        return PluginJar.plugin(id, id + ".Entry")
                .entryPoint(id + ".Entry", "binder.unbindStrategy(\"" + strategy + "\", Unbind.class);")
                .in(root.resolve(id), id + ".jar");
    }
}
