package dev.baton.plugin.http.exchange;

import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/**
 * The routes of a service with what plugins have made for them: all of it is made, replaced and closed together.
 *
 * @param router finds the routes of its requests
 * @param made all filters and handlers
 * @param underWay how many exchanges go through them
 */
public record Ways(Router router, List<FilterUse> made, LongAdder underWay) {
    /** Closes all filters and handlers. */
    public void close(ExchangeEnv env) {
        made.forEach(each -> close(each, env));
    }

    /** Closes those of one plugin: no exchange goes through them any longer. */
    public void close(String plugin, ExchangeEnv env) {
        made.stream().filter(each -> each.isOf(plugin)).forEach(each -> close(each, env));
    }

    private static void close(FilterUse use, ExchangeEnv env) {
        try {
            use.filter().close();
        } catch (Throwable t) {
            env.failed(use, "while it is closed", t);
        }
    }
}
