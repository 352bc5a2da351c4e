package dev.baton.plugin.acme;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.config.WrongValueException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is refused before an authority is asked. */
class AcmeConfigTest {
    @TempDir
    Path folder;

    private static List<String> problems(ThrowingCallable made) {
        List<String> problems = new ArrayList<>();
        try {
            made.call();
        } catch (WrongValueException e) {
            problems.add(e.component() + ": " + e.getMessage());
            for (Throwable more : e.getSuppressed()) {
                problems.add(((WrongValueException) more).component() + ": " + more.getMessage());
            }
        } catch (Throwable other) {
            throw new AssertionError(other);
        }
        return problems;
    }

    private static CertificateConfig certificate(String... names) {
        return new CertificateConfig(List.of(names), ChallengeType.HTTP_01, KeyType.EC);
    }

    private AcmeConfig config(String directory, String email, boolean agreed, List<CertificateConfig> certificates) {
        return new AcmeConfig(
                directory, Optional.of(email), folder, agreed, Optional.empty(), Optional.empty(), certificates);
    }

    @Test
    void shouldRefuseNamesThatCannotBeProved() {
        assertThat(certificate("A.test", "b.test").names()).containsExactly("a.test", "b.test");
        assertThat(Stream.of("a.test", "*.A.test", "127.0.0.1", "a b")
                        .flatMap(name -> new CertificateConfig.Name().problem(name).stream()))
                .containsExactly(
                        "'*.a.test' is a wildcard, which takes the challenge dns-01: list each name instead",
                        "'127.0.0.1' is an address: expected a DNS name",
                        "'a b' is no DNS name");
        assertThat(problems(() -> certificate("a.test", "A.test")))
                .containsExactly("names[1]: 'a.test' stands there twice");
        assertThat(problems(AcmeConfigTest::certificate)).containsExactly("names: expected 1 to 100 names");
    }

    @Test
    void shouldRefuseWhatTheAuthorityWouldRefuse() {
        assertThat(new AcmeConfig.Directory().problem("http://acme.test/directory"))
                .contains("'http://acme.test/directory' is no address of a directory: expected https://HOST/PATH");
        assertThat(new AcmeConfig.Directory().problem("http://127.0.0.1:1/directory"))
                .as("loopback needs no TLS")
                .isEmpty();
        assertThat(new AcmeConfig.Email().problem("me")).contains("'me' is no address of mail");
        assertThat(new AcmeConfig.Email().problem("me@a.test")).isEmpty();
        assertThat(problems(() -> config(
                        "https://acme.test/directory",
                        "me@a.test",
                        false,
                        List.of(certificate("a.test"), certificate("a.test", "b.test")))))
                .containsExactly(
                        "termsAgreed: the authority wants it: read its terms of service, and say true if you agree",
                        "certificates[1]: another certificate begins with 'a.test' too");
    }

    @Test
    void shouldReadTheKeyOfTheExternalAccount() throws Exception {
        Path key = folder.resolve("key");
        assertThat(new ExternalAccount.KeyFile().problem(key).orElseThrow()).startsWith("cannot read " + key);
        Files.writeString(key, "not base64!\n");
        assertThat(new ExternalAccount.KeyFile().problem(key))
                .contains("the first line of " + key + " is no base64url");
        Files.writeString(key, "c2VjcmV0\n");
        assertThat(new ExternalAccount.KeyFile().problem(key)).isEmpty();
        assertThat(new ExternalAccount("id", key).read()).isEqualTo("c2VjcmV0");
    }
}
