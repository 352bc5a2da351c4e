package dev.baton.plugin.acme;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.baton.spi.tls.CertificateStore;
import dev.baton.spi.tls.CertifiedKey;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Orders by http-01, and everything that an authority can do instead of issuing a certificate. */
@Timeout(60)
class AuthorityTest {
    private static final String PREFIX = "/.well-known/acme-challenge/";

    @TempDir
    Path temporary;

    private final Challenges challenges = new Challenges(new NoStore());
    private FakeAuthority fake;
    private HttpServer port80;
    private volatile boolean serving = true;

    /** Nothing here listens with TLS. */
    private static final class NoStore implements CertificateStore {
        @Override
        public void publish(String name, CertifiedKey key) {}

        @Override
        public void withdraw(String name) {}

        @Override
        public void answerChallenge(String serverName, CertifiedKey key) {}

        @Override
        public void endChallenge(String serverName) {}
    }

    @BeforeEach
    void begin() throws Exception {
        fake = new FakeAuthority();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            String token = exchange.getRequestURI().getPath().substring(PREFIX.length());
            String answer = challenges.httpAnswer(token);
            byte[] body = String.valueOf(answer).getBytes(StandardCharsets.US_ASCII);
            exchange.sendResponseHeaders(answer == null ? 404 : 200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        port80 = server;
        fake.check(server.getAddress().getPort(), 0);
    }

    @AfterEach
    void end() {
        fake.close();
        port80.stop(0);
    }

    private static CertificateConfig wanted(KeyType key, String... names) {
        return new CertificateConfig(Arrays.asList(names), ChallengeType.HTTP_01, key);
    }

    private Folder folder(String directory) throws Exception {
        return Folder.open(temporary.resolve("acme"), URI.create(directory));
    }

    private Authority authority(Optional<ExternalAccount> external) throws Exception {
        return authority(external, Duration.ofSeconds(30));
    }

    private Authority authority(Optional<ExternalAccount> external, Duration answer) throws Exception {
        String directory = fake.directory();
        AcmeConfig config = new AcmeConfig(
                directory,
                Optional.of("ann@a.test"),
                temporary.resolve("acme"),
                true,
                Optional.empty(),
                external,
                List.of(wanted(KeyType.EC, "a.test")));
        return new Authority(config, AuthorityFiles.read(config), folder(directory), challenges, () -> serving, answer);
    }

    private Authority authority() throws Exception {
        return authority(Optional.empty());
    }

    private static CertifiedKey got(Authority.Outcome outcome) {
        assertThat(outcome.failure()).isNull();
        return Objects.requireNonNull(outcome.key());
    }

    private Failure refused() throws Exception {
        Authority.Outcome outcome = authority().order(wanted(KeyType.EC, "a.test"));
        assertThat(outcome.key()).isNull();
        return Objects.requireNonNull(outcome.failure());
    }

    @Test
    void shouldGetACertificateForSeveralNames() throws Exception {
        Authority authority = authority();
        CertifiedKey key = got(authority.order(wanted(KeyType.EC, "a.test", "b.test")));
        assertThat(key.names()).containsExactlyInAnyOrder("a.test", "b.test");
        assertThat(key.isEc()).isTrue();
        assertThat(key.fits()).isTrue();
        assertThat(key.chain()).containsExactly(fake.issued().get(0), fake.root());
        CertifiedKey rsa = got(authority.order(wanted(KeyType.RSA, "a.test")));
        assertThat(rsa.isEc()).isFalse();
        assertThat(fake.contacts()).as("one account").containsExactly("[\"mailto:ann@a.test\"]");
    }

    /** After a start too: the keys are in the folder. */
    @Test
    void shouldKeepItsAccount() throws Exception {
        got(authority().order(wanted(KeyType.EC, "a.test")));
        got(authority().order(wanted(KeyType.EC, "a.test")));
        assertThat(fake.contacts()).hasSize(1);
    }

    @Test
    void shouldTryAgainWithAnotherNonce() throws Exception {
        fake.failOnce("/new-order", 400, "badNonce", "it is old", Map.of());
        got(authority().order(wanted(KeyType.EC, "a.test")));
        assertThat(fake.asked().stream().filter("POST /new-order"::equals)).hasSize(2);
    }

    @Test
    void shouldTellWhenTheAuthorityMayBeAskedAgain() throws Exception {
        fake.failOnce("/new-order", 429, "rateLimited", "too many orders", Map.of("Retry-After", "7200"));
        Failure why = refused();
        assertThat(why.words()).isEqualTo("the authority refuses it: rateLimited: too many orders");
        assertThat(Duration.between(Instant.now(), Objects.requireNonNull(why.retryAfter())))
                .isBetween(Duration.ofMinutes(118), Duration.ofMinutes(121));
        fake.answerOnce("/new-order", 503, "text/html", "<h1>out of order</h1>");
        assertThat(refused().retryAfter()).isNull();
        fake.failOnce("/new-order", 503, "serverInternal", "in a minute", Map.of("Retry-After", "60"));
        assertThat(Duration.between(
                        Instant.now(), Objects.requireNonNull(refused().retryAfter())))
                .isBetween(Duration.ofSeconds(50), Duration.ofSeconds(62));
    }

    /** Its clock may be far from ours. */
    @Test
    void shouldCountSecondsFromNow() throws Exception {
        fake.failOnce(
                "/new-order",
                503,
                "serverInternal",
                "in a minute",
                Map.of("Retry-After", "60", "Date", "Mon, 30 Nov 2099 12:00:00 GMT"));
        assertThat(Duration.between(
                        Instant.now(), Objects.requireNonNull(refused().retryAfter())))
                .isBetween(Duration.ofSeconds(50), Duration.ofSeconds(62));
        Instant now = Instant.parse("2026-11-30T12:00:00Z");
        assertThat(Provider.retryAfter("60", now)).contains(now.plusSeconds(60));
        assertThat(Provider.retryAfter("99999999999999999999", now).orElseThrow())
                .isAfter(now.plusSeconds(1_000_000_000));
        assertThat(Provider.retryAfter("Mon, 30 Nov 2026 13:00:00 GMT", now)).contains(now.plusSeconds(3600));
        fake.failOnce("/new-order", 503, "serverInternal", "soon", Map.of("Retry-After", "soon"));
        assertThat(refused().words()).isEqualTo("the authority refuses it: serverInternal: soon");
    }

    /** In an upgrade: the authority asks the next process, which does not know this order. */
    @Test
    void shouldGiveAnOrderUpIfTheProcessServesNoLonger() throws Exception {
        serving = false;
        Authority.Outcome outcome = authority().order(wanted(KeyType.EC, "a.test"));
        assertThat(outcome).isEqualTo(new Authority.Outcome(null, null));
    }

    @Test
    void shouldSayWhyACheckHasFailed() throws Exception {
        port80.stop(0);
        Failure why = refused();
        assertThat(why.words())
                .startsWith("the authority's check of a.test by http-01 has failed: java.net.ConnectException: ");
        assertThat(why.isUnreachable()).isFalse();
    }

    @Test
    void shouldSayThatTheAuthorityIsNotThere() throws Exception {
        fake.close();
        Failure why = refused();
        assertThat(why.words()).startsWith("127.0.0.1 cannot be asked: ");
        assertThat(why.isUnreachable()).isTrue();
    }

    /** Whatever it answers costs one attempt. */
    @Test
    void shouldSurviveAnswersThatAreNone() throws Exception {
        for (String path : List.of("/directory", "/new-account", "/new-order", "/authorization")) {
            for (String body : List.of("", "<h1>Hello</h1>", "{}", "[]", "{\"status\":7}")) {
                fake.answerOnce(path, 200, "application/json", body);
                assertThat(refused().words())
                        .as("%s %s", path, body)
                        .isNotBlank()
                        .doesNotContain("\n");
            }
            fake.answerOnce(path, 200, "text/html", "<h1>Hello</h1>");
            assertThat(refused().words()).as(path).startsWith("the authority's answer is malformed: ");
        }
        fake.answerOnce("/certificate", 200, "application/pem-certificate-chain", "-----BEGIN CERTIFICATE-----\nAAAA");
        assertThat(refused().words()).startsWith("the authority's answer is malformed: ");
        got(authority().order(wanted(KeyType.EC, "a.test")));
    }

    /** The deadline of the JDK's client ends with the headers: without another one the thread would wait for ever. */
    @Test
    void shouldNotWaitForTheRestOfAnAnswer() throws Exception {
        fake.stallOnce("/new-order");
        Failure why = Objects.requireNonNull(authority(Optional.empty(), Duration.ofSeconds(1))
                .order(wanted(KeyType.EC, "a.test"))
                .failure());
        assertThat(why.words())
                .isEqualTo("127.0.0.1 cannot be asked: java.net.http.HttpTimeoutException: no whole answer within"
                        + " 1000 ms");
        assertThat(why.isUnreachable()).isTrue();
    }

    @Test
    void shouldStopInTheMidstOfAnAnswer() throws Exception {
        Authority authority = authority();
        CompletableFuture<Void> stalled = fake.stallOnce("/new-order");
        CompletableFuture<Object> result = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                result.complete(authority.order(wanted(KeyType.EC, "a.test")));
            } catch (Throwable e) {
                result.complete(e);
            }
        });
        thread.start();
        stalled.get(10, TimeUnit.SECONDS);
        thread.interrupt();
        assertThat(result.get(10, TimeUnit.SECONDS)).isInstanceOf(InterruptedException.class);
    }

    /** A small answer that unpacks to a huge one among them: it could end the process. */
    @Test
    void shouldRefuseAnswersThatAreTooLong() throws Exception {
        fake.answerOnce("/new-order", 200, "application/json", "[" + " ".repeat(1 << 20) + "]");
        assertThat(refused().words()).isEqualTo("the authority's answer is malformed: it is longer than 1048576 bytes");
        fake.answerOnce("/new-order", 200, "application/json", "packed", Map.of("Content-Encoding", "gzip"));
        assertThat(refused().words())
                .isEqualTo("the authority's answer is malformed: it is encoded, which was not asked for");
    }

    @Test
    void shouldRefuseACertificateThatIsNotTheOneThatWasOrdered() throws Exception {
        fake.issueForAnotherKey();
        assertThat(refused().words())
                .isEqualTo("the authority's certificate has another key than the one that was ordered");
    }

    @Test
    void shouldRefuseACertificateThatHasExpired() throws Exception {
        fake.lifetime(Duration.ofSeconds(-30));
        assertThat(refused().words()).isEqualTo("the authority's certificate has expired");
    }

    @Test
    void shouldRefuseACertificateForOtherNamesToo() throws Exception {
        fake.issueAlsoFor("b.test");
        assertThat(refused().words())
                .isEqualTo("the authority's certificate is for [a.test, b.test], but was ordered for [a.test]");
    }

    @Test
    void shouldRefuseACertificateThatIsNotValidYet() throws Exception {
        fake.validIn(Duration.ofHours(1));
        assertThat(refused().words()).startsWith("the authority's certificate is not valid before ");
    }

    @Test
    void shouldProveNothingThatWasNotOrdered() throws Exception {
        fake.wantProofFor("b.test");
        assertThat(refused().words()).isEqualTo("the authority wants a proof for b.test, which was not ordered");
        assertThat(fake.asked()).noneMatch(request -> request.contains("/challenge/"));
    }

    @Test
    void shouldSayWhatToDoIfTheAccountIsRefused() throws Exception {
        got(authority().order(wanted(KeyType.EC, "a.test")));
        fake.revokeAccounts();
        assertThat(refused().words())
                .isEqualTo("the authority refuses the account: the account was deactivated; remove "
                        + folder(fake.directory()).accountFile() + " to make a new one");
        Files.delete(folder(fake.directory()).accountFile());
        got(authority().order(wanted(KeyType.EC, "a.test")));
    }

    @Test
    void shouldBindTheAccountToOneThatTheAuthorityKnows() throws Exception {
        byte[] secret = "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
        fake.wantExternalAccount("ann-1", secret);
        assertThat(refused().words()).contains("externalAccountRequired");
        Path key = temporary.resolve("external");
        Files.writeString(key, Base64.getUrlEncoder().withoutPadding().encodeToString(secret) + "\n");
        Authority authority = authority(Optional.of(new ExternalAccount("ann-1", key)));
        Files.delete(key); // or the process has changed its user, who cannot read it
        got(authority.order(wanted(KeyType.EC, "a.test")));
    }

    @Test
    void shouldSayWhatIsWrongWithAFile() throws Exception {
        Authority authority = authority();
        Path there = folder(fake.directory()).accountFile();
        Files.delete(there.getParent());
        Failure why = Objects.requireNonNull(
                authority.order(wanted(KeyType.EC, "a.test")).failure());
        assertThat(why.words()).isEqualTo(there.resolveSibling(".new") + ": there is no such file");
        assertThat(Failure.words(new AccessDeniedException("a.key"))).isEqualTo("a.key: permission denied");
    }
}
