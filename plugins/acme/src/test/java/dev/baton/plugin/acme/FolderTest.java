package dev.baton.plugin.acme;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is kept, and who may read and change it. */
class FolderTest {
    private static final URI AUTHORITY = URI.create("https://acme.test:14000/directory");

    @TempDir
    Path temporary;

    private Path path() {
        return temporary.resolve("etc/acme");
    }

    private Path inside(String name) {
        return path().resolve("acme.test_14000_directory").resolve(name);
    }

    private static String mode(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    @Test
    void shouldKeepKeysFromOthers() throws Exception {
        Files.createDirectories(path()); // as anybody may read
        Folder folder = Folder.open(path(), AUTHORITY);
        CertifiedKey made = CertificateMaker.of("a.test").make();
        folder.keep("a.test", made);
        KeyPair account = folder.account();
        assertThat(folder.lock()).isTrue();
        assertThat(mode(path())).isEqualTo("rwx------");
        assertThat(mode(path().resolve("lock"))).isEqualTo("rw-------");
        assertThat(mode(inside(""))).isEqualTo("rwx------");
        assertThat(mode(inside("a.test.pem"))).isEqualTo("rw-------");
        assertThat(mode(inside("account.key"))).isEqualTo("rw-------");
        folder.unlock();

        Folder again = Folder.open(path(), AUTHORITY);
        assertThat(again.certificate("a.test")).isEqualTo(made);
        assertThat(again.certificate("b.test")).isNull();
        assertThat(again.account().getPublic()).isEqualTo(account.getPublic());
        assertThat(again.account().getPrivate()).isEqualTo(account.getPrivate());
        assertThat(Folder.open(path(), URI.create("https://other.test/directory"))
                        .certificate("a.test"))
                .as("another authority's")
                .isNull();
    }

    /** What a process that was killed in the midst of writing has left does not stand in the way. */
    @Test
    void shouldReplaceFilesWhole() throws Exception {
        Folder folder = Folder.open(path(), AUTHORITY);
        folder.keep("a.test", CertificateMaker.of("a.test").make());
        Files.writeString(inside(".new"), "-----BEGIN CERT");
        CertifiedKey second = CertificateMaker.of("a.test").make();
        folder.keep("a.test", second);
        assertThat(folder.certificate("a.test")).isEqualTo(second);
        try (Stream<Path> files = Files.list(inside(""))) {
            assertThat(files).containsExactly(inside("a.test.pem"));
        }
        Files.writeString(inside("a.test.pem"), "-----BEGIN CERT");
        assertThatThrownBy(() -> folder.certificate("a.test"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("a.test.pem has no certificate");
    }

    @Test
    void shouldLetOneOrderAtATime() throws Exception {
        Folder first = Folder.open(path(), AUTHORITY);
        Folder second = Folder.open(path(), AUTHORITY);
        assertThat(first.lock()).isTrue();
        assertThat(first.lock()).as("it has it").isTrue();
        assertThat(second.lock()).isFalse();
        first.unlock();
        assertThat(second.lock()).isTrue();
        assertThat(first.lock()).isFalse();
        second.unlock();
    }

    @Test
    void shouldSayWhichFolderCannotBeUsed() throws Exception {
        Files.createDirectories(path().getParent());
        Files.writeString(path(), "a file");
        assertThatThrownBy(() -> Folder.open(path(), AUTHORITY))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("cannot use the folder " + path() + ": ");
    }
}
