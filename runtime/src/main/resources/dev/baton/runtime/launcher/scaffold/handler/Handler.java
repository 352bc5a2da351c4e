package __package__;

import dev.baton.spi.Configured;
import dev.baton.spi.config.Default;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpHandler;
import dev.baton.spi.http.HttpVerdict;

/** Answers each request with a greeting and what was asked for. One for each route of the configuration that names it. */
final class __Name__Handler implements HttpHandler {
    private static final int OK = 200;

    private final Keys keys;

    /**
     * The keys of the configuration.
     *
     * @param greeting how each response begins
     */
    record Keys(@Default("hello from ") String greeting) {}

    /** Makes a handler; opens nothing, because {@code baton check} calls it too. */
    static final class Factory implements Configured<Keys, HttpHandler> {
        @Override
        public HttpHandler create(Keys keys) {
            return new __Name__Handler(keys);
        }
    }

    __Name__Handler(Keys keys) {
        this.keys = keys;
    }

    @Override
    public HttpVerdict handle(HttpExchange exchange) {
        exchange.answer(HttpAnswer.of(OK).text(keys.greeting() + exchange.request().path() + "\n"));
        return HttpVerdict.ANSWERED;
    }
}
