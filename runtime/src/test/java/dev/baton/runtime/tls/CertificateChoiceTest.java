package dev.baton.runtime.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

import dev.baton.spi.tls.CertificateFiles;
import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.spi.tls.Pem;
import dev.baton.spi.tls.UnknownName;
import io.netty.handler.ssl.SslContext;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which certificate a name gets. */
class CertificateChoiceTest {
    @TempDir
    static Path folder;

    private static ServerCertificate shop;
    private static ServerCertificate shopRsa;
    private static ServerCertificate wild;
    private static ServerCertificate exact;

    @BeforeAll
    static void makeCertificates() {
        shop = certificate(CertificateMaker.of("shop.test", "www.shop.test"));
        shopRsa = certificate(CertificateMaker.of("shop.test", "www.shop.test").rsa());
        wild = certificate(CertificateMaker.of("*.shop.test"));
        exact = certificate(CertificateMaker.of("a.shop.test").rsa());
    }

    private static ServerCertificate certificate(CertificateMaker maker) {
        try {
            CertifiedKey made = maker.make();
            Path certificate = Files.createTempFile(folder, "test", ".crt");
            Path key = Files.createTempFile(folder, "test", ".key");
            Files.writeString(certificate, Pem.write(made.chain()));
            Files.writeString(key, Pem.write(made.key()));
            CertificateFiles files = new CertificateFiles(certificate, key, Optional.empty());
            return new ServerCertificate(CertificateSource.of(files), made, mock(SslContext.class), null, "");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void shouldTakeTheNameThenTheWildcardThenTheFirst() {
        CertificateChoice choice = new CertificateChoice(List.of(shop, wild, exact), UnknownName.DEFAULT);
        assertThat(choice.choose("shop.test", true)).isSameAs(shop);
        assertThat(choice.choose("www.shop.test", true)).isSameAs(shop);
        assertThat(choice.choose("a.shop.test", true)).isSameAs(exact);
        assertThat(choice.choose("b.shop.test", true)).isSameAs(wild);
        assertThat(choice.choose("a.b.shop.test", true)).as("one label only").isSameAs(shop);
        assertThat(choice.choose("other.test", true)).isSameAs(shop);
        assertThat(choice.choose(null, true)).isSameAs(shop);
        assertThat(choice.choose(".shop.test", true)).isSameAs(shop);
    }

    @Test
    void shouldRefuseAnUnknownNameIfThatIsSaid() {
        CertificateChoice choice = new CertificateChoice(List.of(shop, wild), UnknownName.REFUSE);
        assertThat(choice.choose("b.shop.test", true)).isSameAs(wild);
        assertThat(choice.choose("other.test", true)).isNull();
        assertThat(choice.choose(null, true)).isNull();
    }

    @Test
    void shouldTakeTheKindOfKeyThatTheClientTakes() {
        CertificateChoice choice = new CertificateChoice(List.of(shopRsa, shop, wild), UnknownName.DEFAULT);
        assertThat(choice.choose("shop.test", true)).isSameAs(shop);
        assertThat(choice.choose("shop.test", false)).isSameAs(shopRsa);
        assertThat(choice.choose(null, true)).as("the first's other kind").isSameAs(shop);
        assertThat(choice.choose("b.shop.test", false)).as("there is no other").isSameAs(wild);
    }

    private static ServerCertificate published(CertificateMaker maker) {
        return new ServerCertificate(
                CertificateSource.published("acme", "test"), maker.make(), mock(SslContext.class), null, "");
    }

    @Test
    void shouldTakeWhatPluginsHaveOnlyForOtherNames() {
        ServerCertificate other = published(CertificateMaker.of("other.test"));
        CertificateChoice choice = new CertificateChoice(
                List.of(
                        shopRsa,
                        wild,
                        published(CertificateMaker.of("shop.test", "www.shop.test")),
                        published(CertificateMaker.of("b.shop.test")),
                        other),
                UnknownName.DEFAULT);
        assertThat(choice.choose("b.shop.test", true)).as("a file's wildcard").isSameAs(wild);
        assertThat(choice.choose("shop.test", true)).as("a file's RSA key").isSameAs(shopRsa);
        assertThat(choice.choose(null, true)).isSameAs(shopRsa);
        assertThat(choice.choose("other.test", true)).isSameAs(other);
    }
}
