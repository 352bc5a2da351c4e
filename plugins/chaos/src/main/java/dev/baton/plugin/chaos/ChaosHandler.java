package dev.baton.plugin.chaos;

import dev.baton.spi.Configured;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpHandler;
import dev.baton.spi.http.HttpVerdict;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import jakarta.inject.Inject;
import java.time.Duration;

/**
 * Answers {@code /block/MS}, {@code /spin/MS}, {@code /throw/KIND} and {@code /}. It blocks, computes or throws in its
 * callback, on the connection's loop and under the claim on it, before it answers. If the callback throws, the service
 * answers 500. A {@code budget} of a minute has the service call it on loops however often it blocks them.
 */
final class ChaosHandler implements HttpHandler {
    private static final String HELP = "/block/MS blocks this loop, /spin/MS keeps it busy, /throw/KIND throws in it\n";

    private final Settings settings;
    private final Loops loops;

    /**
     * The keys.
     *
     * @param maxTime the longest {@code /block/MS} and {@code /spin/MS}
     */
    record Settings(
            @Default("60s") @Range(min = "0s", max = "1h") Duration maxTime) {}

    /** Makes one for each route. */
    static final class Factory implements Configured<Settings, HttpHandler> {
        private final Loops loops;

        @Inject
        Factory(Loops loops) {
            this.loops = loops;
        }

        @Override
        public HttpHandler create(Settings settings) {
            return new ChaosHandler(settings, loops);
        }
    }

    ChaosHandler(Settings settings, Loops loops) {
        this.settings = settings;
        this.loops = loops;
    }

    @Override
    public HttpVerdict handle(HttpExchange exchange) {
        exchange.answer(answer(exchange.request().path()));
        return HttpVerdict.ANSWERED;
    }

    private HttpAnswer answer(String path) {
        int slash = path.indexOf('/', 1);
        String action = slash < 0 ? path : path.substring(0, slash);
        String argument = slash < 0 ? "" : path.substring(slash + 1);
        try {
            return switch (action) {
                case "/block" -> {
                    Fault.block(millis(argument));
                    yield ok("blocked loop " + loop() + " for " + argument + "ms\n");
                }
                case "/spin" -> {
                    Fault.spin(millis(argument));
                    yield ok("kept loop " + loop() + " busy for " + argument + "ms\n");
                }
                case "/throw" -> {
                    Fault.Kind.of(argument).raise();
                    yield ok(""); // it has thrown
                }
                case "/" -> ok(HELP);
                default -> HttpAnswer.of(404).text(HELP);
            };
        } catch (IllegalArgumentException wrong) {
            return HttpAnswer.of(400).text(wrong.getMessage() + "\n");
        }
    }

    private static HttpAnswer ok(String text) {
        return HttpAnswer.of(200).text(text);
    }

    private String loop() {
        Loop loop = loops.current();
        return loop == null ? "none" : Integer.toString(loop.id());
    }

    private long millis(String digits) {
        long max = settings.maxTime().toMillis();
        // At most nine digits: the parse cannot overflow.
        long millis = digits.matches("[0-9]{1,9}") ? Long.parseLong(digits) : -1;
        if (millis < 0 || millis > max) {
            throw new IllegalArgumentException(
                    "\"" + digits + "\": expected a number of milliseconds from 0 to " + max);
        }
        return millis;
    }
}
