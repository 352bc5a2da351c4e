package dev.baton.runtime.tls;

import dev.baton.runtime.tls.Ocsp.Answer;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What the responder of a certificate has said of it, for clients to be shown. It is asked again when half of the time
 * is over for which its answer is true; until that time is over, the answer is shown, whatever becomes of later
 * questions. Any thread.
 */
final class Staple {
    private static final Duration FIRST = Duration.ofMinutes(1);
    private static final Duration LAST = Duration.ofHours(1);

    private final @Nullable Ocsp ocsp;
    private final @Nullable URI responder;
    private volatile @Nullable Answer answer;
    private volatile String problem;
    /** When it is asked next; guarded by this. */
    private Instant next = Instant.EPOCH;
    /** In a row; guarded by this. */
    private int failures;
    /** Guarded by this. */
    private boolean asking;

    /** @param ocsp null if the chain has no issuer */
    Staple(@Nullable Ocsp ocsp) {
        this.ocsp = ocsp;
        this.responder = ocsp == null ? null : ocsp.responder();
        this.problem =
                ocsp == null ? "its file does not have its issuer" : responder == null ? "it names no responder" : "";
    }

    /** What a client is shown; null if there is nothing that is true now. */
    byte @Nullable [] response(Instant now) {
        Answer known = answer;
        return known != null && known.to().isAfter(now) ? known.response() : null;
    }

    /** For people: until when there is something to show, and what is wrong. */
    String words(Instant now) {
        Answer known = answer;
        String until = known != null && known.to().isAfter(now) ? "until " + known.to() : "";
        return until + (until.isEmpty() || problem.isEmpty() ? "" : "; ") + problem;
    }

    /** Whom to ask now; null if it is not time to. Whoever is told so asks. */
    synchronized @Nullable URI due(Instant now) {
        if (responder == null || asking || next.isAfter(now)) {
            return null;
        }
        asking = true;
        return responder;
    }

    /** What to ask. */
    byte[] request() {
        return known().request();
    }

    private Ocsp known() {
        if (ocsp == null) {
            throw new IllegalStateException("there is nobody to ask");
        }
        return ocsp;
    }

    /**
     * The responder has answered.
     *
     * @throws IllegalArgumentException if that may not be shown: {@link #failed} is to follow
     */
    void answered(byte[] response, Instant now) {
        Answer verified = known().verify(response, now);
        synchronized (this) {
            asking = false;
            failures = 0;
            answer = verified;
            problem = "";
            Instant half = verified.from()
                    .plus(Duration.between(verified.from(), verified.to()).dividedBy(2));
            Instant soonest = now.plus(FIRST);
            next = half.isBefore(soonest) ? soonest : half;
        }
    }

    /** It has not, or not as it should. False if that is nothing new. */
    synchronized boolean failed(String why, Instant now) {
        asking = false;
        failures++;
        Duration wait = FIRST;
        for (int i = 1; i < failures && wait.compareTo(LAST) < 0; i++) {
            wait = wait.multipliedBy(2);
        }
        next = now.plus(wait.compareTo(LAST) > 0 ? LAST : wait);
        boolean isNew = !why.equals(problem);
        problem = why;
        return isNew;
    }
}
