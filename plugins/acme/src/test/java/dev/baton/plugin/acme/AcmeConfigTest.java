package dev.baton.plugin.acme;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.baton.spi.config.WrongValueException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
        assertThat(problems(() -> certificate("a.test", "*.a.test", "127.0.0.1", "A.test", "a b")))
                .containsExactly(
                        "names[1]: '*.a.test' is a wildcard, which takes the challenge dns-01: list each name instead",
                        "names[2]: '127.0.0.1' is an address: expected a DNS name",
                        "names[3]: 'a.test' stands there twice",
                        "names[4]: 'a b' is no DNS name");
        assertThat(problems(AcmeConfigTest::certificate)).containsExactly("names: expected 1 to 100 names");
    }

    @Test
    void shouldRefuseWhatTheAuthorityWouldRefuse() {
        assertThat(problems(() -> config(
                        "http://acme.test/directory",
                        "me",
                        false,
                        List.of(certificate("a.test"), certificate("a.test", "b.test")))))
                .containsExactly(
                        "directory: 'http://acme.test/directory' is no address of a directory: expected https://HOST/PATH",
                        "email: 'me' is no address of mail",
                        "termsAgreed: the authority wants it: read its terms of service, and say true if you agree",
                        "certificates[1]: another certificate begins with 'a.test' too");
        assertThat(problems(() ->
                        config("http://127.0.0.1:1/directory", "me@a.test", true, List.of(certificate("a.test")))))
                .as("loopback needs no TLS")
                .isEmpty();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config("https://acme.test/directory", "me@a.test", true, List.of()))
                .withMessageStartingWith("it needs the key 'certificates'");
    }

    @Test
    void shouldReadTheKeyOfTheExternalAccount() throws Exception {
        Path key = folder.resolve("key");
        assertThat(problems(() -> new ExternalAccount("id", key)).get(0)).startsWith("key: cannot read " + key);
        Files.writeString(key, "not base64!\n");
        assertThat(problems(() -> new ExternalAccount("id", key)))
                .containsExactly("key: the first line of " + key + " is no base64url");
        Files.writeString(key, "c2VjcmV0\n");
        assertThat(new ExternalAccount("id", key).read()).isEqualTo("c2VjcmV0");
    }
}
