package dev.baton.plugin.acme;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.baton.runtime.metrics.Meters;
import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertificateStore;
import dev.baton.spi.tls.CertifiedKey;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** When a process orders, and what becomes of what it gets; time and the authority are the test's. */
class AcmeWorkerTest {
    private static final URI AUTHORITY = URI.create("https://acme.test/directory");
    private static final Duration LIFETIME = Duration.ofDays(90);

    @TempDir
    Path path;

    private Instant now = Instant.parse("2026-11-30T12:00:00Z");
    private final Meters metrics = new Meters();
    private final Deque<Authority.Outcome> outcomes = new ArrayDeque<>();
    /** What the next orders throw. */
    private @Nullable Error defect;

    private Runnable duringOrder = () -> {};

    private final List<String> ordered = new ArrayList<>();

    /** A process with the section. */
    private final class Side {
        final Map<String, CertifiedKey> shown = new HashMap<>();
        final ManagedCertificates certificates = new ManagedCertificates();
        String state = "starting";
        final AcmeWorker worker;

        Side(String... names) throws Exception {
            this(Stream.of(names).map(List::of).toList());
        }

        Side(List<List<String>> certificateNames) throws Exception {
            List<ManagedCertificate> all = new ArrayList<>();
            for (List<String> names : certificateNames) {
                all.add(new ManagedCertificate(new CertificateConfig(names, ChallengeType.HTTP_01, KeyType.EC)));
            }
            worker = new AcmeWorker(
                    Folder.open(path, AUTHORITY),
                    wanted -> {
                        ordered.add(wanted.name());
                        duringOrder.run();
                        Error thrown = defect;
                        if (thrown != null) {
                            throw thrown;
                        }
                        return outcomes.remove();
                    },
                    all,
                    certificates,
                    new Store(shown),
                    () -> state,
                    metrics,
                    () -> now);
            worker.load();
        }

        Side ready() {
            state = "ready";
            return this;
        }

        AcmeView.Row row() {
            return new AcmeView(certificates).rows().get(0);
        }
    }

    private record Store(Map<String, CertifiedKey> shown) implements CertificateStore {
        @Override
        public void publish(String name, CertifiedKey key) {
            if (key.names().contains("defect.test")) {
                throw new IllegalStateException("a defect");
            }
            if (key.names().contains("unusable.test")) {
                throw new IllegalArgumentException("the library does not like it");
            }
            shown.put(name, key);
        }

        @Override
        public void withdraw(String name) {
            shown.remove(name);
        }

        @Override
        public void answerChallenge(String serverName, CertifiedKey key) {}

        @Override
        public void endChallenge(String serverName) {}
    }

    private CertifiedKey issue(String... names) {
        CertifiedKey made =
                CertificateMaker.of(names).valid(now, now.plus(LIFETIME)).make();
        outcomes.add(new Authority.Outcome(made, null));
        return made;
    }

    private void refuse(Failure why) {
        outcomes.add(new Authority.Outcome(null, why));
    }

    private Side side;

    @BeforeEach
    void begin() throws Exception {
        side = new Side("a.test");
    }

    @Test
    void shouldOrderOnceTheProcessIsReady() throws Exception {
        side.worker.turn();
        assertThat(ordered).isEmpty();
        assertThat(side.row().state()).isEqualTo("missing");
        CertifiedKey made = issue("a.test");
        side.ready().worker.turn();
        assertThat(side.shown).containsExactly(Map.entry("a.test", made));
        assertThat(side.row().problem()).isEmpty();
        side.worker.turn();
        assertThat(ordered).as("once").containsExactly("a.test");

        Side next = new Side("a.test");
        assertThat(next.shown).as("before it is ready").containsExactly(Map.entry("a.test", made));
        assertThat(metrics.scrape()).contains("baton_acme_orders_total{certificate=\"a.test\",result=\"issued\"} 1");
    }

    @Test
    void shouldRenewWhenItIsTime() throws Exception {
        issue("a.test");
        side.ready().worker.turn();
        now = now.plus(Duration.ofDays(55));
        side.worker.turn();
        assertThat(ordered).hasSize(1);
        now = now.plus(Duration.ofDays(5));
        CertifiedKey second = issue("a.test");
        side.worker.turn();
        assertThat(side.shown).containsExactly(Map.entry("a.test", second));
    }

    @Test
    void shouldShowWhatItHasWhileTheAuthorityFails() throws Exception {
        CertifiedKey first = issue("a.test");
        side.ready().worker.turn();
        now = now.plus(Duration.ofDays(60));
        refuse(new Failure("it is tired", false, now.plus(Duration.ofHours(3))));
        side.worker.turn();
        assertThat(side.shown).containsExactly(Map.entry("a.test", first));
        assertThat(side.row().problem()).isEqualTo("it is tired");
        now = now.plus(Duration.ofHours(3)).minusSeconds(1);
        side.worker.turn();
        assertThat(ordered).as("not before it may").hasSize(2);
        now = now.plusSeconds(1);
        refuse(new Failure("it is tired", false, null));
        side.worker.turn();
        assertThat(ordered).hasSize(3);
        now = now.plus(Duration.ofMinutes(9));
        side.worker.turn();
        assertThat(ordered).as("the second failure waits longer").hasSize(3);
        now = now.plus(Duration.ofMinutes(5));
        CertifiedKey second = issue("a.test");
        side.worker.turn();
        assertThat(side.shown).containsExactly(Map.entry("a.test", second));
        assertThat(side.row().problem()).isEmpty();
        assertThat(metrics.scrape()).contains("baton_acme_orders_total{certificate=\"a.test\",result=\"failed\"} 2");
    }

    /** Authorities bar a name for an hour after five failures, and a supervisor starts a process again at once. */
    @Test
    void shouldWaitAfterAFailureInTheNextProcessToo() throws Exception {
        refuse(new Failure("it is tired; \u00e9", false, null));
        side.ready().worker.turn();
        side.state = "draining";
        side.worker.turn();
        Side next = new Side("a.test").ready();
        assertThat(next.row().problem()).isEqualTo("it is tired; \u00e9");
        next.worker.turn();
        assertThat(ordered).hasSize(1);
        now = now.plus(Duration.ofMinutes(7));
        refuse(new Failure("it is tired", false, null));
        next.worker.turn();
        assertThat(ordered).hasSize(2);
        now = now.plus(Duration.ofMinutes(9));
        next.worker.turn();
        assertThat(ordered).as("the second failure waits longer").hasSize(2);
        now = now.plus(Duration.ofMinutes(5));
        issue("a.test");
        next.worker.turn();
        assertThat(path.resolve("acme.test_directory/a.test.next")).doesNotExist();
    }

    @Test
    void shouldOrderAtOnceWhatHasFailedForOtherNames() throws Exception {
        refuse(new Failure("no such name", false, null));
        Side wrong = new Side(List.of(List.of("a.test", "typo.test"))).ready();
        wrong.worker.turn();
        wrong.state = "draining";
        wrong.worker.turn();
        CertifiedKey made = issue("a.test");
        side.ready().worker.turn();
        assertThat(side.shown).containsExactly(Map.entry("a.test", made));
    }

    @Test
    void shouldNotWaitForYearsIfTheClockWasWrong() throws Exception {
        Instant right = now;
        now = now.plus(Duration.ofDays(3650));
        refuse(new Failure("the authority's certificate has expired", false, null));
        side.ready().worker.turn();
        now = right;
        CertifiedKey made = issue("a.test");
        side.worker.turn();
        assertThat(side.shown).containsExactly(Map.entry("a.test", made));
    }

    /** On a full disk, for example: the next one could not be kept either, and the authority counts. */
    @Test
    void shouldShowWhatCannotBeKeptAndKeepItLater() throws Exception {
        Path inTheWay = path.resolve("acme.test_directory/a.test.pem");
        Files.createDirectories(inTheWay.resolve("child"));
        CertifiedKey made = issue("a.test");
        side.ready().worker.turn();
        assertThat(side.shown).containsExactly(Map.entry("a.test", made));
        assertThat(side.row().problem()).startsWith("the certificate is shown, but cannot be kept: ");
        Files.delete(inTheWay.resolve("child"));
        Files.delete(inTheWay);
        side.worker.turn();
        assertThat(inTheWay).as("not before a minute has passed").doesNotExist();
        now = now.plus(Duration.ofMinutes(6));
        side.worker.turn();
        assertThat(ordered).hasSize(1);
        assertThat(side.row().problem()).isEmpty();
        assertThat(new Side("a.test").shown).containsExactly(Map.entry("a.test", made));
    }

    @Test
    void shouldOrderNothingThatCannotBeKept() throws Exception {
        Path inTheWay = path.resolve("acme.test_directory/.new/child");
        Files.createDirectories(inTheWay);
        side.ready().worker.turn();
        assertThat(ordered).isEmpty();
        assertThat(side.row().problem()).startsWith("nothing could be kept in the folder: ");
        Files.delete(inTheWay);
        now = now.plus(Duration.ofMinutes(1));
        issue("a.test");
        side.worker.turn();
        assertThat(side.row().problem()).isEmpty();
    }

    /** Else it would be ordered in a circle, until the authority bars this side. */
    @Test
    void shouldNotOrderAgainAtOnceWhatHasNoTimeLeft() throws Exception {
        outcomes.add(new Authority.Outcome(
                CertificateMaker.of("a.test")
                        .valid(now.minus(LIFETIME), now.plusSeconds(5))
                        .make(),
                null));
        side.ready().worker.turn();
        now = now.plus(Duration.ofMinutes(4));
        side.worker.turn();
        assertThat(ordered).hasSize(1);
    }

    @Test
    void shouldOrderOthersIfOneFails() throws Exception {
        side = new Side("a.test", "b.test").ready();
        refuse(new Failure("no", false, null));
        CertifiedKey made = issue("b.test");
        side.worker.turn();
        assertThat(side.shown).containsExactly(Map.entry("b.test", made));
    }

    @Test
    void shouldOrderAgainIfTheConfigurationHasOtherNames() throws Exception {
        CertifiedKey other = issue("other.test");
        side.ready().worker.turn();
        side.state = "draining";
        side.worker.turn();
        Side next = new Side("a.test").ready();
        assertThat(next.shown).as("better than none").containsExactly(Map.entry("a.test", other));
        CertifiedKey made = issue("a.test");
        next.worker.turn();
        assertThat(next.shown).containsExactly(Map.entry("a.test", made));
    }

    /** The file is called by the first name; clients must not see that it has changed. */
    @Test
    void shouldShowACertificateOfAnotherNameOfTheFile() throws Exception {
        CertifiedKey both = issue("a.test", "b.test");
        side = new Side(List.of(List.of("a.test", "b.test"))).ready();
        side.worker.turn();
        side.state = "draining";
        side.worker.turn();
        Side next = new Side(List.of(List.of("b.test", "a.test"))).ready();
        assertThat(next.shown).containsExactly(Map.entry("b.test", both));
        next.worker.turn();
        assertThat(ordered).as("it is as wanted").hasSize(1);
        assertThat(path.resolve("acme.test_directory/b.test.pem")).exists();
        next.state = "draining";
        next.worker.turn();

        Side more = new Side(List.of(List.of("c.test", "b.test"))).ready();
        assertThat(more.shown).as("better than none").containsExactly(Map.entry("c.test", both));
        CertifiedKey made = issue("c.test", "b.test");
        more.worker.turn();
        assertThat(more.shown).containsExactly(Map.entry("c.test", made));
        more.state = "draining";
        more.worker.turn();
        assertThat(new Side("d.test").shown).as("none is for this name").isEmpty();
    }

    @Test
    void shouldOrderAgainIfTheFolderHasRubbish() throws Exception {
        Files.writeString(path.resolve("acme.test_directory/a.test.pem"), "rubbish");
        Side next = new Side("a.test").ready();
        CertifiedKey made = issue("a.test");
        next.worker.turn();
        assertThat(next.shown).containsExactly(Map.entry("a.test", made));
    }

    @Test
    void shouldTellIfTheLibraryRefusesTheCertificate() throws Exception {
        issue("a.test", "unusable.test");
        side.ready().worker.turn();
        assertThat(side.shown).isEmpty();
        assertThat(side.row().problem()).isEqualTo("the certificate cannot be used: the library does not like it");
    }

    @Test
    void shouldWaitAfterADefectToo() throws Exception {
        side = new Side("a.test", "b.test").ready();
        defect = new NoClassDefFoundError("a class of a library");
        side.worker.turn();
        assertThat(ordered).containsExactly("a.test", "b.test");
        assertThat(side.row().problem()).isEqualTo("java.lang.NoClassDefFoundError: a class of a library");
        side.worker.turn();
        assertThat(ordered).hasSize(2);
        defect = null;
        now = now.plus(Duration.ofMinutes(7));
        issue("a.test", "defect.test");
        CertifiedKey made = issue("b.test");
        side.worker.turn();
        assertThat(side.shown).containsExactly(Map.entry("b.test", made));
        side.worker.turn();
        assertThat(ordered).hasSize(4);
    }

    /** Two processes never order at once; one that drains lets the next one order, and has it again if that dies. */
    @Test
    void shouldLeaveItToTheOtherProcessToOrder() throws Exception {
        issue("a.test");
        side.ready().worker.turn();
        now = now.plus(Duration.ofDays(70));
        Side next = new Side("a.test").ready();
        next.worker.turn();
        assertThat(ordered).as("the other has the lock").hasSize(1);
        assertThat(next.row().next()).isEqualTo("by another process");
        side.state = "draining";
        side.worker.turn();
        assertThat(ordered).as("it drains").hasSize(1);
        CertifiedKey made = issue("a.test");
        next.worker.turn();
        assertThat(next.shown).containsExactly(Map.entry("a.test", made));
        next.worker.stop();
        next.state = "draining";
        next.worker.turn();
        side.ready().worker.turn();
        assertThat(side.shown).as("what the other has got").containsExactly(Map.entry("a.test", made));
        assertThat(ordered).hasSize(2);
    }

    /** Not each second, by each process that looks at the folder. */
    @Test
    void shouldTellOnceWhatCannotBeUsed() throws Exception {
        Files.writeString(path.resolve("acme.test_directory/a.test.pem"), "rubbish");
        Files.writeString(path.resolve("acme.test_directory/b.test.pem"), "rubbish");
        Folder other = Folder.open(path, AUTHORITY);
        assertThat(other.lock()).isTrue();
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        Logger logger = (Logger) LoggerFactory.getLogger(AcmeWorker.class);
        logger.addAppender(log);
        try {
            side = new Side("a.test", "b.test").ready();
            for (int i = 0; i < 5; i++) {
                side.worker.turn();
            }
        } finally {
            logger.detachAppender(log);
        }
        assertThat(log.list)
                .extracting(ILoggingEvent::getFormattedMessage)
                .hasSize(2)
                .noneMatch(line -> line.contains("ordered"));
        CertifiedKey made = CertificateMaker.of("b.test").make();
        other.keep("b.test", made);
        side.worker.turn();
        assertThat(side.shown).as("the other has got it").containsExactly(Map.entry("b.test", made));
        other.unlock();
    }

    @Test
    void shouldOrderWhenAnOperatorSaysSo() throws Exception {
        issue("a.test");
        side.ready().worker.turn();
        RenewAction action = new RenewAction(side.certificates);
        assertThat(action.act(new RenewAction.Name("a.test")))
                .isCompletedWithValue(new RenewAction.Ordered("a.test", true));
        CertifiedKey second = issue("a.test");
        side.worker.turn();
        assertThat(side.shown).containsExactly(Map.entry("a.test", second));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> action.act(new RenewAction.Name("b.test")))
                .withMessage("there is no certificate 'b.test'; there is: a.test");
    }

    /** The error of a stop in mid-order is no failure: the next process need not wait. */
    @Test
    void shouldNotTakeAStopForAFailure() throws Exception {
        issue("a.test");
        side.ready().worker.turn();
        now = now.plus(Duration.ofDays(60));
        duringOrder = side.worker::stop;
        refuse(new Failure("interrupted", true, null));
        side.worker.turn();
        assertThat(side.row().problem()).isEmpty();
        assertThat(path.resolve("acme.test_directory/a.test.next")).doesNotExist();
    }

    /** An order that waits for the authority is given up. */
    @Test
    void shouldStopInTheMidstOfAnOrder() throws Exception {
        CompletableFuture<Thread> thread = new CompletableFuture<>();
        ManagedCertificates certificates = new ManagedCertificates();
        Folder folder = Folder.open(path, AUTHORITY);
        AcmeWorker worker = new AcmeWorker(
                folder,
                wanted -> {
                    thread.complete(Thread.currentThread());
                    new CountDownLatch(1).await();
                    throw new AssertionError();
                },
                List.of(new ManagedCertificate(
                        new CertificateConfig(List.of("a.test"), ChallengeType.HTTP_01, KeyType.EC))),
                certificates,
                new Store(new HashMap<>()),
                () -> "ready",
                metrics,
                () -> now);
        worker.start();
        Thread ordering = thread.get(10, TimeUnit.SECONDS);
        worker.stop();
        ordering.join(10_000);
        assertThat(ordering.isAlive()).isFalse();
        assertThat(folder.isLocked()).isFalse();
    }
}
