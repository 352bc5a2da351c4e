package dev.baton.runtime.retired;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.plugin.LoadedPlugin;
import dev.baton.runtime.plugin.PluginJar;
import dev.baton.runtime.plugin.PluginLoader;
import dev.baton.spi.admin.RetiredPlugin;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** J6: a version is let go once, when nothing uses it, and not while something may have begun to. */
class RetiredVersionsTest {
    @TempDir
    private Path folder;

    private final Queue<Runnable> due = new ArrayDeque<>();
    private final List<Duration> pauses = new ArrayList<>();
    private final Queue<Runnable> turns = new ArrayDeque<>();
    private final List<String> said = new ArrayList<>();
    private final RetiredVersions retired = new RetiredVersions(
            (pause, task) -> {
                pauses.add(pause);
                due.add(task);
            },
            turns::add);
    private PluginLoader loader;
    private long used;

    private final Use use = new Use() {
        @Override
        public long count() {
            return used;
        }

        @Override
        public String words(long count) {
            return count + " exchanges";
        }
    };

    @BeforeEach
    void load() throws Exception {
        Path plugins = Files.createDirectory(folder.resolve("plugins"));
        PluginJar.plugin("a", "a.Entry")
                .entryPoint("a.Entry", "binder.unbindStrategy(\"a-way\", Unbind.class);")
                .in(Files.createDirectory(plugins.resolve("a")), "a.jar");
        loader = new PluginLoader(binder -> {}, plugin -> binder -> {}, Set.of());
        loader.loadAll(List.of(), List.of(plugins));
    }

    private LoadedPlugin inUse() {
        return Objects.requireNonNull(loader.inUse("a"));
    }

    private void retire(LoadedPlugin version) {
        retired.add(version, List.of(use), () -> said.add("end of " + version.generation()));
    }

    private void pass(Queue<Runnable> tasks) {
        for (Runnable next = tasks.poll(); next != null; next = tasks.poll()) {
            next.run();
        }
    }

    private void look() {
        Objects.requireNonNull(due.poll()).run();
    }

    @Test
    void shouldLookMoreAndMoreSeldomWhileSomethingUsesAVersion() throws Exception {
        used = 2;
        retire(inUse());
        for (int i = 0; i < 10; i++) {
            look();
        }
        assertThat(pauses.subList(0, 4))
                .containsExactly(
                        Duration.ofMillis(20), Duration.ofMillis(40), Duration.ofMillis(80), Duration.ofMillis(160));
        assertThat(pauses.get(10)).isEqualTo(Duration.ofSeconds(1));
        assertThat(retired.users("a")).containsExactly("2 exchanges");
        assertThat(retired.users("b")).isEmpty();
        assertThat(retired.all()).extracting(RetiredPlugin::users).containsExactly(List.of("2 exchanges"));
        assertThat(retired.count("a")).isEqualTo(1);
        assertThat(said).isEmpty();
    }

    /** A loop that has read the old version just before the swap uses it in the callback that it is in. */
    @Test
    void shouldNotLetGoBeforeEveryLoopHasEndedItsCallback() throws Exception {
        used = 0;
        retire(inUse());
        assertThat(turns).hasSize(1);
        assertThat(said).isEmpty();
        used = 1; // a callback that had begun before
        pass(turns);
        look();
        assertThat(said).isEmpty();
        used = 0;
        look();
        pass(turns);
        look();
        assertThat(said).containsExactly("end of 1");
        assertThat(due).isEmpty();
        assertThat(retired.users("a")).isEmpty();
    }

    @Test
    void shouldEndEachOnceAndForgetThoseThatAreCollected() throws Exception {
        retire(inUse());
        retire(loader.loadBeside(inUse()));
        pass(turns);
        pass(due);
        assertThat(said).containsExactly("end of 1", "end of 2");
        assertThat(retired.count("a")).isEqualTo(2);
        assertThat(retired.collected()).extracting(RetiredPlugin::generation).contains(1);
        // The loader has the first one; the second is nobody's.
        for (int i = 0; i < 20 && retired.count("a") > 1; i++) {
            System.gc();
        }
        assertThat(retired.all()).extracting(RetiredPlugin::generation).containsExactly(1);
    }
}
