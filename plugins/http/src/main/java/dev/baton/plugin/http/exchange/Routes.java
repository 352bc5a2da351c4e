package dev.baton.plugin.http.exchange;

import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.plugin.http.config.MatchConfig;
import dev.baton.plugin.http.config.RetryConfig;
import dev.baton.plugin.http.config.RouteConfig;
import dev.baton.plugin.http.exchange.Router.Entry;
import dev.baton.spi.config.Choice;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpFilterOptions;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.upstream.Upstream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Makes the routes of a service, with their filters, handlers and connections to servers: with the service, and again
 * when a plugin of those is reloaded. By then the connections to servers are there, and stay.
 *
 * <p>Threading: one thread at a time.
 */
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

    /**
     * For one service.
     *
     * @param service its name
     * @param context the service's
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

    /** Makes those of a configuration. */
    public Ways ways(HttpConfig config) {
        Making making = new Making(context, List.of(), "");
        return new Ways(making.router(config), List.copyOf(making.made), making.underWay);
    }

    /**
     * Makes them again, of the same configuration. Filters and handlers of other plugins stay what they are.
     *
     * @param before what there is
     * @param plugin of this one they are made anew
     * @param plugins makes them
     * @throws IllegalArgumentException if the plugin refuses one of them; those that were made are closed
     */
    public Ways ways(HttpConfig config, Ways before, String plugin, ServiceContext plugins) {
        Making making = new Making(plugins, before.made(), plugin);
        boolean done = false;
        try {
            Ways made = new Ways(making.router(config), List.copyOf(making.made), making.underWay);
            done = true;
            return made;
        } finally {
            if (!done) {
                making.made.stream()
                        .filter(each -> each.isOf(plugin))
                        .forEach(each -> each.filter().close());
            }
        }
    }

    private RouteMetrics metrics(String route) {
        return new RouteMetrics(context.metrics(), service, route, series);
    }

    private Target.Servers servers(String name) {
        return servers.computeIfAbsent(name, connections);
    }

    private static HttpFilterOptions options(Choice<?> choice) {
        return Optional.of(choice.options())
                .filter(HttpFilterOptions.class::isInstance)
                .map(HttpFilterOptions.class::cast)
                .orElseThrow();
    }

    /** Makes all routes once. */
    private final class Making {
        private final ServiceContext plugins;
        /** In the order of the configuration, as {@link #made}: of what is not made anew, what there is. */
        private final List<FilterUse> before;

        private final String renewed;
        private final List<FilterUse> made = new ArrayList<>();
        private final LongAdder underWay = new LongAdder();

        Making(ServiceContext plugins, List<FilterUse> before, String renewed) {
            this.plugins = plugins;
            this.before = before;
            this.renewed = renewed;
        }

        private FilterUse use(Supplier<FilterUse> maker) {
            int at = made.size();
            FilterUse use = at < before.size() && !before.get(at).isOf(renewed) ? before.get(at) : maker.get();
            made.add(use);
            return use;
        }

        Router router(HttpConfig config) {
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
                                    metrics(MatchConfig.ANY),
                                    underWay))));
            RouteMetrics none = metrics(NONE);
            return new Router(
                    entries,
                    Route.fixed(NONE, common, new Target.Refused(Refusal.NO_ROUTE), none, underWay),
                    Route.fixed(NONE, common, new Target.Refused(Refusal.AMBIGUOUS_PATH), none, underWay));
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
                    metrics(config.label()),
                    underWay);
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
                return new Target.Handler(
                        new HandlerUse(use(() -> HandlerUse.of(plugins.make(choice), choice.type(), options(choice))
                                .use())));
            }
            return new Target.Fixed(config.respond().map(OwnAnswer::of).orElseThrow());
        }

        private List<FilterUse> filters(List<Choice<HttpFilter>> choices) {
            List<FilterUse> uses = new ArrayList<>();
            for (Choice<HttpFilter> choice : choices) {
                uses.add(use(() -> new FilterUse(plugins.make(choice), choice.type(), options(choice))));
            }
            return uses;
        }
    }
}
