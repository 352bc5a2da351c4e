package dev.baton.plugin.acme;

import dev.baton.spi.tls.CertifiedKey;
import java.io.IOException;
import java.net.URI;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.shredzone.acme4j.AccountBuilder;
import org.shredzone.acme4j.Authorization;
import org.shredzone.acme4j.Login;
import org.shredzone.acme4j.Order;
import org.shredzone.acme4j.PollableResource;
import org.shredzone.acme4j.Problem;
import org.shredzone.acme4j.Session;
import org.shredzone.acme4j.Status;
import org.shredzone.acme4j.challenge.Challenge;
import org.shredzone.acme4j.challenge.Http01Challenge;
import org.shredzone.acme4j.challenge.TlsAlpn01Challenge;
import org.shredzone.acme4j.exception.AcmeException;
import org.shredzone.acme4j.exception.AcmeUnauthorizedException;
import org.shredzone.acme4j.exception.AcmeUserActionRequiredException;

/** Asks a certificate authority for certificates. Blocks; for one thread, which may be interrupted. */
final class Authority {
    private static final Duration ANSWER = Duration.ofSeconds(30);
    /** How long an authority may take for each of its checks, and for the certificate. */
    private static final Duration CHECK = Duration.ofMinutes(5);

    /** How often an order looks whether this process serves. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    /** So much the clock of an authority that does not date back may be ahead of ours. */
    private static final Duration CLOCKS_APART = Duration.ofMinutes(1);

    private static final Duration POLL_MIN = Duration.ofMillis(200);
    private static final Duration POLL_USUAL = Duration.ofSeconds(3);
    private static final Duration POLL_MAX = Duration.ofSeconds(30);

    private final AcmeConfig config;
    private final URI directory;
    private final AuthorityFiles files;
    private final Folder folder;
    private final Challenges challenges;
    private final BooleanSupplier serving;
    private final Duration answer;

    /** @param serving false once this process leaves it to another one to answer the authority */
    Authority(AcmeConfig config, AuthorityFiles files, Folder folder, Challenges challenges, BooleanSupplier serving) {
        this(config, files, folder, challenges, serving, ANSWER);
    }

    /** @param answer how long the authority may take for each answer */
    Authority(
            AcmeConfig config,
            AuthorityFiles files,
            Folder folder,
            Challenges challenges,
            BooleanSupplier serving,
            Duration answer) {
        this.config = config;
        this.directory = URI.create(config.directory());
        this.files = files;
        this.folder = folder;
        this.challenges = challenges;
        this.serving = serving;
        this.answer = answer;
    }

    /** What came of an order: a certificate, or why there is none; neither of the two if it was given up. */
    record Outcome(@Nullable CertifiedKey key, @Nullable Failure failure) {}

    /**
     * Orders a certificate. Each order begins anew, with the account and nothing else of those before.
     *
     * @throws InterruptedException if this thread was interrupted
     */
    Outcome order(CertificateConfig wanted) throws InterruptedException {
        Provider provider = new Provider(files.ca(), answer);
        try {
            Session session = new Session(directory, provider);
            session.networkSettings().setTimeout(answer);
            session.networkSettings().setCompressionEnabled(false);
            Login login = login(session);
            Order order = login.newOrder().domains(wanted.names()).create();
            for (Authorization each : order.getAuthorizations()) {
                prove(each, wanted);
            }
            await(order, EnumSet.of(Status.READY, Status.VALID));
            KeyPair pair = wanted.key().make();
            order.execute(CertificateRequest.of(wanted.names(), pair));
            await(order, EnumSet.of(Status.VALID));
            return new Outcome(checked(order.getCertificate().getCertificateChain(), pair, wanted), null);
        } catch (GivenUpException e) {
            return new Outcome(null, null);
        } catch (AcmeException | IOException | RuntimeException e) {
            if (Thread.interrupted() || isInterruption(e)) {
                throw new InterruptedException();
            }
            return new Outcome(null, Failure.of(e, directory, provider.retryAfter()));
        }
    }

    /** acme4j makes an error of the network of an interruption. */
    private static boolean isInterruption(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof InterruptedException) {
                return true;
            }
        }
        return false;
    }

    private Login login(Session session) throws AcmeException, IOException {
        AccountBuilder account =
                new AccountBuilder().useKeyPair(folder.account()).agreeToTermsOfService();
        config.email().ifPresent(account::addEmail);
        config.externalAccount()
                .ifPresent(external -> account.withKeyIdentifier(
                        external.id(), files.externalKey().orElseThrow()));
        Login login;
        try {
            login = account.createLogin(session);
        } catch (AcmeUnauthorizedException e) {
            throw noAccount(String.valueOf(e.getProblem()), e);
        } catch (AcmeUserActionRequiredException e) {
            throw new AcmeException(
                    "the authority wants you to do something first: " + e.getProblem()
                            + e.getTermsOfServiceUri()
                                    .map(uri -> " (terms of service: " + uri + ")")
                                    .orElse(""),
                    e);
        }
        Status status = login.getAccount().getStatus();
        if (status != Status.VALID) {
            throw noAccount("it is " + status, null);
        }
        return login;
    }

    private AcmeException noAccount(String why, @Nullable Throwable cause) {
        return new AcmeException(
                "the authority refuses the account: " + why + "; remove " + folder.accountFile() + " to make a new one",
                cause);
    }

    // ---- proofs ---------------------------------------------------------------------------------------------------

    private void prove(Authorization authorization, CertificateConfig wanted)
            throws AcmeException, InterruptedException {
        String name = authorization.getIdentifier().getDomain().toLowerCase(Locale.ROOT);
        if (!wanted.names().contains(name)) {
            throw new AcmeException("the authority wants a proof for " + name + ", which was not ordered");
        }
        if (authorization.getStatus() == Status.VALID) {
            return; // from an order before
        }
        if (wanted.challenge() == ChallengeType.HTTP_01) {
            Http01Challenge challenge = find(authorization, Http01Challenge.class, name, Http01Challenge.TYPE);
            challenges.answerHttp(challenge.getToken(), challenge.getAuthorization());
            try {
                check(authorization, challenge, name);
            } finally {
                challenges.endHttp(challenge.getToken());
            }
        } else {
            TlsAlpn01Challenge challenge = find(authorization, TlsAlpn01Challenge.class, name, TlsAlpn01Challenge.TYPE);
            challenges.answerTls(name, challenge.getAcmeValidation());
            try {
                check(authorization, challenge, name);
            } finally {
                challenges.endTls(name);
            }
        }
    }

    private static <T extends Challenge> T find(Authorization authorization, Class<T> type, String name, String word)
            throws AcmeException {
        return authorization
                .findChallenge(type)
                .orElseThrow(() -> new AcmeException("the authority does not offer " + word + " for " + name));
    }

    private void check(Authorization authorization, Challenge challenge, String name)
            throws AcmeException, InterruptedException {
        challenge.trigger();
        try {
            await(authorization, EnumSet.of(Status.VALID));
        } catch (InvalidException e) {
            String why = authorization
                    .findChallenge(challenge.getClass())
                    .flatMap(Challenge::getError)
                    .map(Problem::toString)
                    .orElse("it does not say why");
            throw new AcmeException(
                    "the authority's check of " + name + " by " + challenge.getType() + " has failed: " + why, e);
        }
    }

    // ---- waiting --------------------------------------------------------------------------------------------------

    /** The authority has given something up. */
    private static final class InvalidException extends AcmeException {
        private static final long serialVersionUID = 1;

        InvalidException(String message) {
            super(message);
        }
    }

    /** This process has. */
    private static final class GivenUpException extends AcmeException {
        private static final long serialVersionUID = 1;

        GivenUpException() {
            super("this process does not serve any longer");
        }
    }

    private void goOn() throws GivenUpException {
        if (!serving.getAsBoolean()) {
            throw new GivenUpException();
        }
    }

    private void pause(Duration pause) throws GivenUpException, InterruptedException {
        long left = pause.toMillis();
        while (left > 0) {
            goOn();
            Thread.sleep(Math.min(left, LOOK.toMillis()));
            left -= LOOK.toMillis();
        }
    }

    private void await(PollableResource resource, Set<Status> wanted) throws AcmeException, InterruptedException {
        long deadline = System.nanoTime() + CHECK.toNanos();
        Duration pause = POLL_MIN;
        while (true) {
            goOn();
            Instant next = resource.fetch().orElse(null);
            Status status = resource.getStatus();
            if (wanted.contains(status)) {
                return;
            }
            if (status == Status.INVALID || status == Status.DEACTIVATED || status == Status.EXPIRED) {
                String why = resource instanceof Order order
                        ? order.getError().map(problem -> ": " + problem).orElse("")
                        : "";
                throw new InvalidException("the authority has given the order up" + why);
            }
            if (System.nanoTime() - deadline > 0) {
                throw new AcmeException("the authority has not got on for " + CHECK.toMinutes() + " minutes: its "
                        + resource.getClass().getSimpleName().toLowerCase(Locale.ROOT) + " is " + status);
            }
            pause(next == null ? pause : bounded(Duration.between(Instant.now(), next)));
            pause = longer(pause);
        }
    }

    private static Duration longer(Duration pause) {
        Duration twice = pause.multipliedBy(2);
        return twice.compareTo(POLL_USUAL) > 0 ? POLL_USUAL : twice;
    }

    private static Duration bounded(Duration pause) {
        Duration least = pause.compareTo(POLL_MIN) < 0 ? POLL_MIN : pause;
        return least.compareTo(POLL_MAX) > 0 ? POLL_MAX : least;
    }

    // ---- the certificate ------------------------------------------------------------------------------------------

    /** Nothing is shown to clients, and nothing good is replaced, before it is known to be what was ordered. */
    private static CertifiedKey checked(List<X509Certificate> chain, KeyPair pair, CertificateConfig wanted)
            throws AcmeException {
        if (chain.isEmpty()) {
            throw new AcmeException("the authority's certificate is empty");
        }
        CertifiedKey key = new CertifiedKey(chain, pair.getPrivate());
        if (!key.fits()) {
            throw new AcmeException("the authority's certificate has another key than the one that was ordered");
        }
        if (!Set.copyOf(key.names()).equals(Set.copyOf(wanted.names()))) {
            throw new AcmeException(
                    "the authority's certificate is for " + key.names() + ", but was ordered for " + wanted.names());
        }
        if (key.certificate().getNotBefore().toInstant().isAfter(Instant.now().plus(CLOCKS_APART))) {
            throw new AcmeException("the authority's certificate is not valid before "
                    + key.certificate().getNotBefore().toInstant());
        }
        if (key.certificate().getNotAfter().toInstant().isBefore(Instant.now())) {
            throw new AcmeException("the authority's certificate has expired");
        }
        return key;
    }
}
