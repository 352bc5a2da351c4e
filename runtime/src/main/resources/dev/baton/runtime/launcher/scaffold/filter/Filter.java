package __package__;

import dev.baton.spi.Configured;
import dev.baton.spi.config.Default;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpVerdict;

/** Adds a header field to each response. One for each place in the configuration that names it. */
final class __Name__Filter implements HttpFilter {
    private final Keys keys;

    /**
     * The keys of the configuration.
     *
     * @param field the name of the field
     * @param value its value
     */
    record Keys(
            @Default("X-__Name__") String field,
            @Default("hello") String value) {}

    /** Makes a filter; opens nothing, because {@code baton check} calls it too. */
    static final class Factory implements Configured<Keys, HttpFilter> {
        @Override
        public HttpFilter create(Keys keys) {
            return new __Name__Filter(keys);
        }
    }

    __Name__Filter(Keys keys) {
        this.keys = keys;
    }

    @Override
    public HttpVerdict response(HttpExchange exchange) {
        exchange.response().fields().set(keys.field(), keys.value());
        return HttpVerdict.CONTINUE;
    }
}
