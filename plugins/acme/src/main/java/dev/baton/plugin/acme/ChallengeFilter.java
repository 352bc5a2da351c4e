package dev.baton.plugin.acme;

import dev.baton.spi.Configured;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpVerdict;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;

/** Answers http-01 (RFC 8555, section 8.3). Other requests pass, those for tokens of somebody else's among them. */
final class ChallengeFilter implements HttpFilter {
    private static final String PREFIX = "/.well-known/acme-challenge/";

    private final Challenges challenges;

    /** It has no keys of its own. */
    record Nothing() {}

    /** Makes one for each use. */
    static final class Factory implements Configured<Nothing, HttpFilter> {
        private final Challenges challenges;

        /** By Guice. */
        @Inject
        Factory(Challenges challenges) {
            this.challenges = challenges;
        }

        @Override
        public HttpFilter create(Nothing config) {
            return new ChallengeFilter(challenges);
        }
    }

    ChallengeFilter(Challenges challenges) {
        this.challenges = challenges;
    }

    @Override
    public HttpVerdict request(HttpExchange exchange) {
        String target = exchange.request().target();
        if (!target.startsWith(PREFIX)) {
            return HttpVerdict.CONTINUE;
        }
        String answer = challenges.httpAnswer(exchange.request().path().substring(PREFIX.length()));
        if (answer == null) {
            return HttpVerdict.CONTINUE;
        }
        exchange.answer(HttpAnswer.of(200)
                .body("application/octet-stream", answer.getBytes(StandardCharsets.US_ASCII))
                .with("Cache-Control", "no-store"));
        return HttpVerdict.ANSWERED;
    }
}
