package dev.baton.plugin.httpfilters;

import dev.baton.spi.Configured;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFields;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpVerdict;
import java.util.List;
import java.util.Map;

/** Changes fields of requests and responses: first it removes, then it sets, then it adds. */
final class Headers implements HttpFilter {
    private final Settings settings;

    /**
     * The keys.
     *
     * @param request what is changed before the server sees it
     * @param response what is changed before the client sees it
     */
    record Settings(Changes request, Changes response) {
        Settings {
            if (request.isEmpty() && response.isEmpty()) {
                throw new IllegalArgumentException("a headers filter needs something to do in 'request' or 'response'");
            }
        }
    }

    /**
     * Changes of one head.
     *
     * @param remove fields that are removed
     * @param set fields that replace those of the same name
     * @param add fields that stand beside those of the same name
     */
    record Changes(List<String> remove, Map<String, String> set, Map<String, String> add) {
        Changes {
            remove.forEach(name -> FieldRules.checkName("remove", name));
            check("set", set);
            check("add", add);
        }

        private static void check(String component, Map<String, String> fields) {
            fields.forEach((name, value) -> {
                FieldRules.checkName(component, name);
                FieldRules.checkValue(component, name, value);
            });
        }

        boolean isEmpty() {
            return remove.isEmpty() && set.isEmpty() && add.isEmpty();
        }

        void apply(HttpFields fields) {
            remove.forEach(fields::remove);
            set.forEach(fields::set);
            add.forEach(fields::add);
        }
    }

    /** Makes one for each use. */
    static final class Factory implements Configured<Settings, HttpFilter> {
        @Override
        public HttpFilter create(Settings settings) {
            return new Headers(settings);
        }
    }

    Headers(Settings settings) {
        this.settings = settings;
    }

    @Override
    public HttpVerdict request(HttpExchange exchange) {
        settings.request().apply(exchange.request().fields());
        return HttpVerdict.CONTINUE;
    }

    @Override
    public HttpVerdict response(HttpExchange exchange) {
        settings.response().apply(exchange.response().fields());
        return HttpVerdict.CONTINUE;
    }
}
