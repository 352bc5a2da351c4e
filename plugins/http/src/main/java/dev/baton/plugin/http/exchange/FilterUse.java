package dev.baton.plugin.http.exchange;

import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpFilterOptions;
import dev.baton.spi.service.Contributed;
import dev.baton.spi.threading.Blocking;

/** A filter in its place in the way of a service's or route's requests, with what the configuration says of it. */
public final class FilterUse {
    private final Contributed<?> contributed;
    private final HttpFilter filter;
    private final String type;
    private final HttpFilterOptions options;
    private final boolean blocking;
    private final HttpBodyUse request;
    private final HttpBodyUse response;
    private final Quarantine quarantine;

    /**
     * Takes a filter.
     *
     * @param type its word in the configuration
     */
    FilterUse(Contributed<? extends HttpFilter> contributed, String type, HttpFilterOptions options) {
        this(contributed, contributed.instance(), contributed.instance().getClass(), type, options);
    }

    /** What a handler is seen as, by the code that calls both. */
    FilterUse(Contributed<?> contributed, HttpFilter filter, Class<?> code, String type, HttpFilterOptions options) {
        this.contributed = contributed;
        this.filter = filter;
        this.type = type;
        this.options = options;
        blocking = code.isAnnotationPresent(Blocking.class);
        request = filter.requestBodyUse();
        response = filter.responseBodyUse();
        quarantine = new Quarantine(options.budget().toNanos());
    }

    /** Whether a plugin has contributed it. */
    boolean isOf(String plugin) {
        return contributed.plugin().equals(plugin);
    }

    Contributed<?> contributed() {
        return contributed;
    }

    public HttpFilter filter() {
        return filter;
    }

    String type() {
        return type;
    }

    HttpFilterOptions options() {
        return options;
    }

    boolean isBlocking() {
        return blocking;
    }

    HttpBodyUse requestUse() {
        return request;
    }

    HttpBodyUse responseUse() {
        return response;
    }

    Quarantine quarantine() {
        return quarantine;
    }
}
