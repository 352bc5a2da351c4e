package dev.baton.runtime.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** A folder of plugins from one version to the next. */
class PluginStoreTest {
    @TempDir
    Path temporary;

    private int made;

    private Path unpacked(String version) throws IOException {
        Path folder = Files.createDirectories(temporary.resolve("new-" + made++));
        Files.writeString(folder.resolve("auth.jar"), version);
        return folder;
    }

    private PluginStore store() throws PluginException {
        PluginStore store = new PluginStore(temporary.resolve("plugins"), false);
        store.prepare();
        return store;
    }

    private static String version(Path folder) throws IOException {
        return Files.readString(folder.resolve("auth.jar"));
    }

    @Test
    void shouldKeepTheVersionBefore() throws Exception {
        PluginStore store = store();
        assertThat(store.install("auth", unpacked("1"))).isFalse();
        assertThat(store.install("auth", unpacked("2"))).isTrue();
        assertThat(store.install("auth", unpacked("3"))).isTrue();
        assertThat(version(store.place("auth"))).isEqualTo("3");
        assertThat(version(store.before("auth"))).isEqualTo("2");
        assertThat(PluginFolder.folders(store.root()))
                .as("the version before is hidden from processes")
                .containsExactly(store.place("auth"));
    }

    @Test
    void shouldKeepWhatItRemoves() throws Exception {
        PluginStore store = store();
        store.install("auth", unpacked("1"));
        store.remove("auth");
        assertThat(store.place("auth")).doesNotExist();
        assertThat(version(store.before("auth"))).isEqualTo("1");
        assertThatThrownBy(() -> store.remove("auth")).hasMessageContaining("there is no plugin auth in");
    }

    @Test
    void shouldLeaveThePluginsOfTheDistributionAlone() throws Exception {
        PluginStore store = new PluginStore(temporary.resolve("plugins"), true);
        Files.createDirectories(store.place("http"));
        Path other = unpacked("1");
        assertThatThrownBy(() -> store.install("http", other)).hasMessageContaining("it is one of the distribution's");
        assertThatThrownBy(() -> store.remove("http")).isInstanceOf(PluginException.class);
        assertThat(store.place("http")).exists();
        store.install("auth", other);
        assertThat(store.install("auth", unpacked("2"))).isTrue();
        store.remove("auth");
    }

    @Test
    void shouldPutTheVersionBeforeBackIfTheNewOneCannotBeMoved() throws Exception {
        PluginStore store = store();
        store.install("auth", unpacked("1"));
        assertThatThrownBy(() -> store.install("auth", temporary.resolve("none")))
                .isInstanceOf(PluginException.class);
        assertThat(version(store.place("auth"))).isEqualTo("1");
    }

    @Test
    void shouldChangeNothingWhileAnotherDoes() throws Exception {
        PluginStore store = store();
        Path next = unpacked("1");
        try (FileChannel file = FileChannel.open(
                        store.root().resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = file.lock()) {
            assertThat(lock.isValid()).isTrue();
            assertThatThrownBy(() -> store.install("auth", next)).hasMessageContaining("just now; try again");
        }
        assertThat(store.findOurs("auth")).isEmpty();
        store.install("auth", next);
        assertThat(store.findOurs("auth")).contains(store.place("auth"));
    }

    /** The first replacement keeps what was never kept before, and a zip without a folder is moved as a whole. */
    @Test
    void shouldSayNothingOfWhatIsNotThereToRemove() throws Exception {
        Logger logger = (Logger) LoggerFactory.getLogger(PluginCandidate.class);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.addAppender(lines);
        try {
            PluginStore store = store();
            store.install("auth", unpacked("1"));
            store.install("auth", unpacked("2"));
            store.remove("auth");
        } finally {
            logger.detachAppender(lines);
        }
        assertThat(lines.list).isEmpty();
    }

    /** Its owner may have put it there by hand, and its name is the owner's then. */
    @Test
    void shouldFindAPluginByItsIdInAFolderOfAnyName() throws Exception {
        PluginStore store = store();
        Path byHand = store.root().resolve("auth-1.2");
        PluginJar.plugin("auth", "auth.Entry")
                .attribute("Baton-Spi-Version", "1.0")
                .in(byHand, "auth.jar");
        assertThat(store.install("auth", unpacked("2"))).isTrue();
        assertThat(PluginFolder.folders(store.root())).containsExactly(store.place("auth"));
        assertThat(PluginFolder.id(store.before("auth"))).isEqualTo("auth");

        PluginJar.plugin("other", "other.Entry").in(store.root().resolve("by-hand"), "other.jar");
        assertThat(store.remove("other")).isEqualTo(store.root().resolve("by-hand"));
    }

    @Test
    void shouldLeaveAFolderWithAnotherPluginAlone() throws Exception {
        PluginStore store = store();
        PluginJar.plugin("other", "other.Entry").in(store.place("auth"), "other.jar");
        Path next = unpacked("1");
        assertThatThrownBy(() -> store.install("auth", next))
                .isInstanceOf(PluginException.class)
                .hasMessageContaining(store.place("auth") + " has another plugin, 'other'; rename the folder");
        assertThat(PluginFolder.id(store.place("auth"))).isEqualTo("other");
        assertThat(next).exists();
    }

    @Test
    void shouldReplaceNoneOfSeveral() throws Exception {
        PluginStore store = store();
        PluginJar.plugin("auth", "auth.Entry").in(store.root().resolve("auth-1"), "auth.jar");
        PluginJar.plugin("auth", "auth.Entry").in(store.root().resolve("auth-2"), "auth.jar");
        Path next = unpacked("1");
        assertThatThrownBy(() -> store.install("auth", next))
                .hasMessageContaining("the plugin 'auth' is there 2 times")
                .hasMessageContaining("remove all but one");
        assertThat(store.place("auth")).doesNotExist();
    }

    @Test
    void shouldTakeALinkAwayAndLeaveWhatItLeadsTo() throws Exception {
        PluginStore store = store();
        Path elsewhere = unpacked("1");
        Files.createSymbolicLink(store.place("auth"), elsewhere);
        store.remove("auth");
        assertThat(store.place("auth")).doesNotExist();
        store.install("auth", unpacked("2"));
        store.remove("auth");
        assertThat(version(elsewhere)).isEqualTo("1");
    }

    @Test
    void shouldSayWhereItCannotWrite() throws Exception {
        Path file = Files.writeString(temporary.resolve("file"), "");
        assertThatThrownBy(() -> new PluginStore(file.resolve("plugins"), false).prepare())
                .hasMessageContaining("cannot make the folder " + file.resolve("plugins"))
                .hasMessageContaining("--to");
    }
}
