package dev.baton.runtime.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.Mockito.doCallRealMethod;
import static org.mockito.Mockito.doThrow;
import static org.mockito.Mockito.spy;

import dev.baton.runtime.metrics.Meters;
import dev.baton.runtime.tls.PublishedCertificates.Published;
import dev.baton.spi.tls.CertificateFiles;
import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.spi.tls.Pem;
import dev.baton.spi.tls.ServerTlsConfig;
import dev.baton.spi.tls.UnknownName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the TLS library refuses at a reload stays as it was; all else is replaced. */
class ServerTlsTest {
    @TempDir
    Path folder;

    private final IllegalArgumentException refusal = new IllegalArgumentException("it cannot be used");
    private final List<String> problems = new ArrayList<>();

    private CertifiedKey write(String name) throws IOException {
        CertifiedKey made = CertificateMaker.of(name + ".test").make();
        Files.writeString(folder.resolve(name + ".crt"), Pem.write(made.chain()));
        Files.writeString(folder.resolve(name + ".key"), Pem.write(made.key()));
        return made;
    }

    private List<X509Certificate> writeAuthority() throws IOException {
        List<X509Certificate> made =
                CertificateMaker.of("authority").authority().make().chain();
        Files.writeString(folder.resolve("ca.crt"), Pem.write(made));
        return made;
    }

    private CertificateFiles files(String name) {
        return new CertificateFiles(folder.resolve(name + ".crt"), folder.resolve(name + ".key"), Optional.empty());
    }

    /** With certificates "first" and "second". */
    private ServerTlsConfig config(Optional<Path> clientCa) throws IOException {
        write("first");
        write("second");
        return new ServerTlsConfig(
                List.of(files("first"), files("second")),
                Optional.empty(),
                List.of(),
                List.of(),
                clientCa,
                Optional.empty(),
                List.of(),
                UnknownName.DEFAULT,
                false);
    }

    private static ServerContexts contexts(ServerTlsConfig config) {
        return spy(new ServerContexts(
                config, new TicketKeys(InstantSource.system()), new Staples(new Meters(), InstantSource.system())));
    }

    private static ServerTls server(ServerTlsConfig config, ServerContexts contexts) {
        return new ServerTls(
                config, contexts, new ChallengeCertificates(), new TlsCounters(new Meters()), closed -> {});
    }

    @Test
    void shouldReplaceAllButTheCertificateThatTheLibraryRefuses() throws Exception {
        ServerTlsConfig config = config(Optional.empty());
        ServerContexts contexts = contexts(config);
        ServerTls server = server(config, contexts);
        ServerCertificate before = server.certificates().get(0);
        CertifiedKey refused = write("first");
        CertifiedKey taken = write("second");
        doThrow(refusal).when(contexts).make(any(), eq(refused), any());

        assertThat(server.reload(problems)).isOne();
        assertThat(problems).containsExactly("it cannot be used");
        assertThat(server.certificates().get(0)).isEqualTo(before.withProblem("it cannot be used"));
        assertThat(server.certificates().get(1).key()).isEqualTo(taken);
        assertThat(server.certificates().get(1).problem()).isEmpty();

        doCallRealMethod().when(contexts).make(any(), any(), any());
        assertThat(server.reload(problems)).as("it is tried again").isOne();
        assertThat(server.certificates().get(0).key()).isEqualTo(refused);
        assertThat(server.certificates().get(0).problem()).isEmpty();
    }

    @Test
    void shouldTakeNewAuthoritiesWithTheKeyThatWasThereIfTheNewOneIsRefused() throws Exception {
        writeAuthority();
        ServerTlsConfig config = config(Optional.of(folder.resolve("ca.crt")));
        ServerContexts contexts = contexts(config);
        ServerTls server = server(config, contexts);
        List<ServerCertificate> before = server.certificates();
        writeAuthority();
        CertifiedKey refused = write("first");
        doThrow(refusal).when(contexts).make(any(), eq(refused), any());

        assertThat(server.reload(problems)).isEqualTo(2);
        assertThat(problems).containsExactly("it cannot be used");
        assertThat(server.certificates().get(0).key()).isEqualTo(before.get(0).key());
        assertThat(server.certificates().get(0).problem()).isEqualTo("it cannot be used");
    }

    /** All certificates have the same authorities, also if it is at the last of them that the library refuses them. */
    @Test
    void shouldKeepTheAuthoritiesIfTheLibraryRefusesTheNewOnes() throws Exception {
        List<X509Certificate> old = writeAuthority();
        Path file = folder.resolve("ca.crt");
        ServerTlsConfig config = config(Optional.of(file));
        ServerContexts contexts = contexts(config);
        ServerTls server = server(config, contexts);
        List<ServerCertificate> before = server.certificates();
        List<X509Certificate> refused = writeAuthority();
        assertThat(refused).isNotEqualTo(old);
        doThrow(refusal).when(contexts).make(eq(CertificateSource.of(files("second"))), any(), eq(refused));
        CertifiedKey taken = write("first");

        assertThat(server.reload(problems)).isOne();
        assertThat(problems).containsExactly(file + " is not used: it cannot be used");
        assertThat(server.certificates().get(0).key()).isEqualTo(taken);
        assertThat(server.certificates().get(1)).isSameAs(before.get(1));

        doCallRealMethod().when(contexts).make(any(), any(), any());
        assertThat(server.reload(problems)).as("they are tried again").isEqualTo(2);
    }

    // ---- what plugins publish ---------------------------------------------------------------------------------------

    private static Published published(String name) {
        return new Published(
                CertificateSource.published("test", name),
                CertificateMaker.of(name + ".test").make());
    }

    private static List<CertifiedKey> keys(ServerTls server) {
        return server.certificates().stream().map(ServerCertificate::key).toList();
    }

    @Test
    void shouldShowWhatIsPublishedBehindItsFiles() throws Exception {
        ServerTlsConfig config = config(Optional.empty());
        ServerTls server = server(config, contexts(config));
        List<CertifiedKey> files = keys(server);
        Published a = published("a");
        Published b = published("b");
        PublishedCertificates all = new PublishedCertificates();
        all.publish(a);
        all.add(server);
        all.publish(b);
        assertThat(keys(server)).containsExactly(files.get(0), files.get(1), a.key(), b.key());
        ServerCertificate untouched = server.certificates().get(3);
        Published renewed = published("a");
        all.publish(renewed);
        assertThat(keys(server)).containsExactly(files.get(0), files.get(1), renewed.key(), b.key());
        assertThat(server.certificates().get(3)).isSameAs(untouched);
        CertifiedKey written = write("second");
        assertThat(server.reload(problems)).isOne();
        assertThat(keys(server)).containsExactly(files.get(0), written, renewed.key(), b.key());
        all.withdraw(renewed.source());
        assertThat(keys(server)).containsExactly(files.get(0), written, b.key());
        all.remove(server);
        all.withdraw(b.source());
        assertThat(keys(server)).as("it is gone").contains(b.key());
    }

    /** On no listener, also if others have taken it. */
    @Test
    void shouldKeepWhatWasPublishedIfTheLibraryRefusesTheNewOne() throws Exception {
        ServerTlsConfig config = config(Optional.empty());
        ServerTls first = server(config, contexts(config));
        ServerContexts contexts = contexts(config);
        ServerTls second = server(config, contexts);
        PublishedCertificates all = new PublishedCertificates();
        all.add(first);
        all.add(second);
        Published before = published("a");
        all.publish(before);
        Published after = published("a");
        doThrow(refusal).when(contexts).make(any(), eq(after.key()), any());

        assertThatThrownBy(() -> all.publish(after)).isSameAs(refusal);
        assertThat(keys(first)).contains(before.key()).doesNotContain(after.key());
        assertThat(keys(second)).contains(before.key()).doesNotContain(after.key());
    }
}
