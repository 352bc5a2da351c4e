package dev.baton.plugin.admin;

import dev.baton.plugin.admin.Route.Asked;
import dev.baton.spi.admin.LoopResult;
import dev.baton.spi.admin.ParameterBinder;
import dev.baton.spi.admin.PluginReload;
import dev.baton.spi.admin.RetiredPlugins;
import dev.baton.spi.admin.RuntimeControl;
import dev.baton.spi.admin.RuntimeView;
import dev.baton.spi.admin.ServerResult;
import dev.baton.spi.admin.StatusSnapshot;
import dev.baton.spi.admin.StopReport;
import dev.baton.spi.admin.UpgradeReport;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.Spelling;
import dev.baton.spi.listener.Listener;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.upstream.ServerState;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * The admin API. What there is stands in {@link #routes}, from which {@code GET /} lists the paths and {@code GET
 * /v1/openapi.json} describes them.
 *
 * <p>A GET (or HEAD) changes nothing, a POST or DELETE answers when it is done. Every error is an object with
 * {@code error} and perhaps {@code hint}. Everything but {@code /live} and {@code /ready} is worked out by other
 * threads, because a snapshot may be long and plugins have a part in it, and is written in pieces. What takes longer
 * than 10 s is answered with 504, and with 503 while it is stuck.
 */
final class AdminApi {
    private static final String READY = "ready";
    static final String PREFIX = "/v1/";
    static final String LISTENERS = PREFIX + "listeners";
    static final String UPSTREAMS = PREFIX + "upstreams";
    private static final String PLUGINS = PREFIX + "plugins";
    private static final String LOOPS = PREFIX + "loops";
    /** Far more than one listener needs; bounds what is kept of a body. */
    private static final int BODY_BYTES_MAX = 64 * 1024;

    private static final Pattern ID = Pattern.compile("[0-9]{1,9}");

    private final RuntimeView view;
    private final RuntimeControl control;
    private final Spelling spelling;
    private final ParameterBinder binder;
    private final Dashboard dashboard;
    private final Routes routes = new Routes();

    /**
     * The API.
     *
     * @param metrics what {@code /metrics} shows
     * @param door who may ask
     * @param spelling what a wrong name may have meant
     * @param binder reads the parameters of requests
     * @param tails shows exchanges as they end
     * @param dashboard the page for a browser
     * @param threads where tables are worked out and actions begin
     * @param limitMillis how long that may take
     */
    AdminApi(
            RuntimeView view,
            RuntimeControl control,
            Metrics metrics,
            Doorkeeper door,
            Spelling spelling,
            ParameterBinder binder,
            Tails tails,
            Dashboard dashboard,
            Executor threads,
            long limitMillis) {
        this.view = view;
        this.control = control;
        this.spelling = spelling;
        this.binder = binder;
        this.dashboard = dashboard;
        own();
        routes.add(new Route(
                "GET",
                PREFIX + "tail",
                any -> true,
                "exchanges as they end, each a line of JSON",
                binder.parameters(Tails.Wanted.class),
                Optional.empty(),
                Content.lines(Tails.Line.class),
                Map.of(503, "too many watch already"),
                bound(Tails.Wanted.class, tails::answer)));
        dashboard.addTo(routes);
        door.addTo(routes);
        new Shown(view, control, metrics, threads, limitMillis).addTo(routes);
        new Actions(threads, limitMillis).addTo(routes, control.actions());
    }

    /** What there is. */
    Routes routes() {
        return routes;
    }

    // ---- parameters -----------------------------------------------------------------------------------------------

    private record None() {}

    /** What {@code GET /} answers. */
    record Paths(List<String> paths) {}

    private record Stopping(@Range(min = "0s", max = "24h") Optional<Duration> grace) {}

    private record Unbinding(@Range(min = "0s", max = "24h") Optional<Duration> grace, Optional<String> strategy) {}

    private record OfServer(String server) {}

    private record Adding(
            String server,
            @Default("1") @Range(min = "0", max = "256") int weight) {}

    private record Weighing(
            String server, @Range(min = "0", max = "256") int weight) {}

    private record Collecting(@Default("false") boolean collect) {}

    private record Upgrading(
            @Default("60s") @Range(min = "1ms", max = "24h") Duration timeout) {}

    // ---- the routes -----------------------------------------------------------------------------------------------

    private void own() {
        get("/", "the paths; to a browser, the dashboard", Content.object(Paths.class), Map.of(), this::root);
        get(
                PREFIX + "openapi.json",
                "this API as an OpenAPI document",
                Content.object(),
                Map.of(),
                asked -> asked.reply().json(200, routes.openApi(view.status().version())));
        get(
                "/live",
                "whether the loops work",
                Content.text(),
                Map.of(503, "every loop is blocked"),
                asked -> live(asked.reply()));
        Map<Integer, String> notReady = Map.of(503, "the process is starting or draining");
        get("/ready", "whether the process serves", Content.text(), notReady, asked -> {
            String state = view.status().state();
            asked.reply().text(state.equals(READY) ? 200 : 503, state + "\n");
        });
        post(
                LISTENERS,
                "adds a listener",
                None.class,
                Optional.of("the keys of a listener's configuration, and its `name`"),
                ListenerResult.class,
                (none, asked) -> add(asked.request(), asked.reply()));
        onListener(
                "POST",
                "/suspend",
                "accepts no more until resume",
                None.class,
                (listener, none, asked) -> answer(asked.reply(), listener.suspend(), 409));
        onListener(
                "POST",
                "/resume",
                "accepts again",
                None.class,
                (listener, none, asked) -> answer(asked.reply(), listener.resume(), 409));
        onListener(
                "POST",
                "/unbind",
                "unbinds it",
                Unbinding.class,
                (listener, how, asked) -> unbind(listener, how, asked, false));
        onListener(
                "DELETE",
                "",
                "unbinds it and forgets it",
                Unbinding.class,
                (listener, how, asked) -> unbind(listener, how, asked, true));
        onUpstream(
                "add",
                "adds a server",
                Adding.class,
                (upstream, what) -> control.addServer(upstream, what.server(), what.weight()));
        onUpstream(
                "weight",
                "changes the weight of a server",
                Weighing.class,
                (upstream, what) -> control.weighServer(upstream, what.server(), what.weight()));
        onServer("remove", "removes a server; requests in flight are finished", ServerState.REMOVED);
        onServer("drain", "drains a server: no new requests", ServerState.DRAIN);
        onServer("maintenance", "puts a server into maintenance: nothing connects to it", ServerState.MAINTENANCE);
        onServer("ready", "gives a server requests again", ServerState.READY);
        post(
                LOOPS,
                "adds a loop",
                None.class,
                Optional.empty(),
                LoopResult.class,
                (none, asked) -> answer(asked.reply(), control.addLoop(), 409));
        routes.add(new Route(
                "POST",
                LOOPS + "/{id}/retire",
                id -> ID.matcher(id).matches(),
                "gives a loop's work to the others and ends it",
                binder.parameters(None.class),
                Optional.empty(),
                Content.object(LoopResult.class),
                Map.of(409, "it failed"),
                bound(
                        None.class,
                        (none, asked) ->
                                checked(asked.reply(), () -> control.retireLoop(Integer.parseInt(asked.variable()))))));
        Map<Integer, String> refused = Map.of(
                404,
                "there is no such plugin",
                409,
                "it cannot be replaced, or not now",
                422,
                "the new version is wrong");
        routes.add(new Route(
                "POST",
                PLUGINS + "/{id}/reload",
                any -> true,
                "loads a plugin anew, while this process serves",
                binder.parameters(None.class),
                Optional.empty(),
                Content.object(PluginReload.class),
                refused,
                bound(
                        None.class,
                        (none, asked) -> checked(asked.reply(), () -> control.reloadPlugin(asked.variable())))));
        post(
                PREFIX + "retired-plugins",
                "versions of plugins that were replaced and are not gone; `collect` collects garbage and looks in a dump of"
                        + " the heap for what holds them, for which the process stands still",
                Collecting.class,
                Optional.empty(),
                RetiredPlugins.class,
                (how, asked) -> answer(asked.reply(), control.retiredPlugins(how.collect()), 409));
        post(
                PREFIX + "stop",
                "drains and stops; grace=0s cuts at once",
                Stopping.class,
                Optional.empty(),
                StopReport.class,
                (how, asked) -> answer(asked.reply(), control.stop(how.grace().orElse(null)), 200));
        post(
                PREFIX + "upgrade",
                "hands over to a new process",
                Upgrading.class,
                Optional.empty(),
                UpgradeReport.class,
                (how, asked) -> answer(asked.reply(), control.upgrade(how.timeout()), 409));
    }

    private void root(Asked asked) {
        asked.request().response().putHeader(HttpHeaders.VARY, HttpHeaders.ACCEPT);
        if (Dashboard.isWanted(asked.request())) {
            dashboard.page(asked);
        } else {
            asked.reply().json(200, new Paths(List.copyOf(routes.paths())));
        }
    }

    private void get(String path, String summary, Content content, Map<Integer, String> others, Route.Call call) {
        routes.add(new Route("GET", path, any -> true, summary, List.of(), Optional.empty(), content, others, call));
    }

    private <P extends Record> void post(
            String path,
            String summary,
            Class<P> parameters,
            Optional<String> body,
            Class<? extends Record> result,
            BiConsumer<P, Asked> call) {
        routes.add(new Route(
                "POST",
                path,
                any -> true,
                summary,
                binder.parameters(parameters),
                body,
                Content.object(result),
                Map.of(409, "it failed"),
                bound(parameters, call)));
    }

    /** What is wrong with the parameters is said to the client. */
    private <P extends Record> Route.Call bound(Class<P> parameters, BiConsumer<P, Asked> call) {
        return asked -> {
            P given;
            try {
                String what = asked.request().path().substring(PREFIX.length());
                given = binder.bind(what, parameters, asked.parameters());
            } catch (IllegalArgumentException wrong) {
                asked.reply().error(400, String.valueOf(wrong.getMessage()), null);
                return;
            }
            call.accept(given, asked);
        };
    }

    private interface OnListener<P> {
        void answer(Listener listener, P parameters, Asked asked);
    }

    private <P extends Record> void onListener(
            String method, String suffix, String summary, Class<P> parameters, OnListener<P> call) {
        // Of a path without a suffix a name with a slash in it is one only if it exists.
        Predicate<String> names = suffix.isEmpty()
                ? name -> name.indexOf('/') < 0 || control.listener(name).isPresent()
                : name -> true;
        routes.add(new Route(
                method,
                LISTENERS + "/{name}" + suffix,
                names,
                summary,
                binder.parameters(parameters),
                Optional.empty(),
                Content.object(ListenerResult.class),
                Map.of(404, "there is no such listener", 409, "it failed"),
                bound(parameters, (given, asked) -> {
                    Optional<Listener> listener = control.listener(asked.variable());
                    if (listener.isPresent()) {
                        call.answer(listener.get(), given, asked);
                    } else {
                        noListener(asked);
                    }
                })));
    }

    private <P extends Record> void onUpstream(
            String action, String summary, Class<P> parameters, BiFunction<String, P, CompletionStage<?>> call) {
        routes.add(new Route(
                "POST",
                UPSTREAMS + "/{name}/servers/" + action,
                any -> true,
                summary,
                binder.parameters(parameters),
                Optional.empty(),
                Content.object(ServerResult.class),
                Map.of(404, "there is no such upstream or server", 409, "it failed"),
                bound(
                        parameters,
                        (given, asked) -> checked(asked.reply(), () -> call.apply(asked.variable(), given)))));
    }

    private void onServer(String action, String summary, ServerState state) {
        onUpstream(
                action,
                summary,
                OfServer.class,
                (upstream, which) -> control.changeServer(upstream, which.server(), state));
    }

    private void noListener(Asked asked) {
        List<String> names = control.listenerNames();
        asked.reply()
                .error(
                        404,
                        "no listener \"" + asked.variable() + "\"",
                        spelling.nearest(asked.variable(), names)
                                .map(AdminApi::didYouMean)
                                .orElse(names.isEmpty() ? "there are none" : "there are " + String.join(", ", names)));
    }

    private void unbind(Listener listener, Unbinding how, Asked asked, boolean forget) {
        Duration grace = how.grace().orElseGet(control::grace);
        checked(asked.reply(), () -> control.unbindListener(listener.name(), grace, how.strategy(), forget));
    }

    // ---- answers --------------------------------------------------------------------------------------------------

    private void live(Reply reply) {
        StatusSnapshot status = view.status();
        if (status.loops() > 0 && status.loopsBlocked() < status.loops()) {
            reply.text(200, "live\n");
        } else {
            reply.text(
                    503, status.loops() == 0 ? "no loop is left\n" : "all " + status.loops() + " loops are blocked\n");
        }
    }

    private void add(HttpServerRequest request, Reply reply) {
        Buffer body = Buffer.buffer();
        reply.receiving(true);
        request.handler(piece -> {
            if (body.length() <= BODY_BYTES_MAX) {
                body.appendBuffer(piece);
            }
        });
        request.endHandler(end -> reply.attempt(() -> {
            reply.receiving(false);
            if (body.length() > BODY_BYTES_MAX) {
                reply.error(413, "the body is longer than " + BODY_BYTES_MAX + " bytes", null);
            } else if (body.length() == 0) {
                reply.error(
                        400,
                        "there is no body",
                        "send {\"name\": \"web2\", \"bind\": \"127.0.0.1:8081\", \"service\": \"shop\"}");
            } else {
                reply.brought(body.toString());
                checked(reply, () -> control.addListener(body.toString()));
            }
        }));
    }

    /** Begins something that may refuse what the client wrote. */
    private static void checked(Reply reply, Supplier<CompletionStage<?>> action) {
        CompletionStage<?> result;
        try {
            result = action.get();
        } catch (IllegalArgumentException wrong) {
            reply.error(400, String.valueOf(wrong.getMessage()), null);
            return;
        } catch (NoSuchElementException unknown) {
            reply.error(404, String.valueOf(unknown.getMessage()), null);
            return;
        }
        answer(reply, result, 409);
    }

    /** Answers when the stage is done, on the request's own loop, whichever thread completes it. */
    static void answer(Reply reply, CompletionStage<?> stage, int failedStatus) {
        Context context = Vertx.currentContext();
        stage.whenComplete((result, failure) -> context.runOnContext(now -> reply.attempt(() -> {
            if (failure != null) {
                reply.failed(failure);
            } else {
                reply.json(status(result, failedStatus), result);
            }
        })));
    }

    private static int status(Object result, int failedStatus) {
        if (result instanceof PluginReload reload) {
            return switch (reload.outcome()) {
                case RELOADED -> 200;
                case WRONG -> 422;
                case IRREPLACEABLE, REFUSED -> 409;
            };
        }
        boolean failed =
                (result instanceof ListenerResult listened && listened.outcome() == ListenerResult.Outcome.FAILED)
                        || (result instanceof LoopResult loop && loop.outcome() == LoopResult.Outcome.FAILED)
                        || (result instanceof ServerResult server && server.outcome() == ServerResult.Outcome.FAILED)
                        || (result instanceof UpgradeReport report && !report.upgraded());
        return failed ? failedStatus : 200;
    }

    static String didYouMean(String word) {
        return "did you mean " + word + "?";
    }
}
