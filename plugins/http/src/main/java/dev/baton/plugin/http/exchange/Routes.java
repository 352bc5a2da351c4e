package dev.baton.plugin.http.exchange;

import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.plugin.http.config.MatchConfig;
import dev.baton.plugin.http.config.RetryConfig;
import dev.baton.plugin.http.config.RouteConfig;
import dev.baton.plugin.http.exchange.Router.Entry;
import dev.baton.spi.config.Choice;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpFilterOptions;
import dev.baton.spi.service.Contributed;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.upstream.Upstream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Makes the routes of a service, with their filters, handlers and connections to servers. */
public final class Routes {
    /** Each has a bit of a word in an exchange. */
    private static final int FILTERS_MAX = 60;

    /** What a request without a route is counted for. */
    private static final String NONE = "none";

    private final String service;
    private final ServiceContext context;
    private final Function<String, Target.Servers> connections;
    private final Map<String, Target.Servers> servers = new HashMap<>();
    private final ServerSeries series;
    private final List<FilterUse> made = new ArrayList<>();

    /**
     * For one service.
     *
     * @param service its name
     * @param ends what makes the server's ends of exchanges, for the upstreams of its routes
     */
    public Routes(String service, ServiceContext context, Function<Upstream, UpstreamEnds> ends) {
        this.service = service;
        this.context = context;
        this.series = new ServerSeries(context.metrics(), service);
        connections = name -> {
            var upstream = context.upstream(name);
            series.add(upstream);
            return new Target.Servers(upstream, ends.apply(upstream));
        };
    }

    /** All filters and handlers, to be closed. */
    public List<FilterUse> made() {
        return made;
    }

    public Router router(HttpConfig config) {
        FilterUses common = FilterUses.of(filters(config.filters()));
        List<Entry> entries = new ArrayList<>();
        for (RouteConfig each : config.routes()) {
            entries.add(new Entry(each.match(), route(each, common)));
        }
        config.upstream()
                .ifPresent(name -> entries.add(new Entry(
                        MatchConfig.everything(),
                        new Route(
                                MatchConfig.ANY,
                                common,
                                servers(name),
                                false,
                                Timeouts.NEVER,
                                Retries.of(RetryConfig.DEFAULT),
                                metrics(MatchConfig.ANY)))));
        RouteMetrics none = metrics(NONE);
        return new Router(
                entries,
                Route.fixed(NONE, common, new Target.Refused(Refusal.NO_ROUTE), none),
                Route.fixed(NONE, common, new Target.Refused(Refusal.AMBIGUOUS_PATH), none));
    }

    private RouteMetrics metrics(String route) {
        return new RouteMetrics(context.metrics(), service, route, series);
    }

    private Route route(RouteConfig config, FilterUses common) {
        FilterUses filters = common.then(filters(config.filters()));
        if (filters.count() > FILTERS_MAX) {
            throw new IllegalArgumentException(
                    "route " + config.label() + " has more than " + FILTERS_MAX + " filters");
        }
        return new Route(
                config.label(),
                filters,
                target(config),
                config.connect(),
                config.timeout().map(limit -> limit.toNanos()).orElse(Timeouts.NEVER),
                Retries.of(config.retry().orElse(RetryConfig.DEFAULT)),
                metrics(config.label()));
    }

    private Target target(RouteConfig config) {
        if (config.upstream().isPresent()) {
            return servers(config.upstream().get());
        }
        if (config.redirect().isPresent()) {
            String path = config.match().path().orElse("/*");
            return new Target.Redirect(config.redirect().get(), path.substring(0, path.length() - 1));
        }
        if (config.handler().isPresent()) {
            var choice = config.handler().get();
            HandlerUse handler = new HandlerUse(context.make(choice), choice.type(), options(choice));
            made.add(handler.use());
            return new Target.Handler(handler);
        }
        return new Target.Fixed(config.respond().map(OwnAnswer::of).orElseThrow());
    }

    private Target.Servers servers(String name) {
        return servers.computeIfAbsent(name, connections);
    }

    private List<FilterUse> filters(List<Choice<HttpFilter>> choices) {
        List<FilterUse> uses = new ArrayList<>();
        for (Choice<HttpFilter> choice : choices) {
            Contributed<HttpFilter> filter = context.make(choice);
            FilterUse use = new FilterUse(filter, choice.type(), options(choice));
            uses.add(use);
            made.add(use);
        }
        return uses;
    }

    private static HttpFilterOptions options(Choice<?> choice) {
        return Optional.of(choice.options())
                .filter(HttpFilterOptions.class::isInstance)
                .map(HttpFilterOptions.class::cast)
                .orElseThrow();
    }
}
