package dev.baton.plugin.admin;

import dev.baton.plugin.admin.AdminConnections.Client;
import dev.baton.plugin.admin.WebGuard.Refusal;
import dev.baton.spi.admin.LoopResult;
import dev.baton.spi.admin.RuntimeControl;
import dev.baton.spi.admin.RuntimeView;
import dev.baton.spi.admin.StatusSnapshot;
import dev.baton.spi.admin.UpgradeReport;
import dev.baton.spi.listener.Listener;
import dev.baton.spi.listener.ListenerResult;
import io.vertx.core.Context;
import io.vertx.core.Handler;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the API answers to each method and path.
 *
 * <pre>
 * GET  /                              the paths that there are
 * GET  /v1/TABLE                      a snapshot: an object (status) or an array
 * GET  /metrics                       Prometheus text
 * GET  /live                          200, or 503 while every loop is blocked
 * GET  /ready                         200, or 503 while starting or draining
 * POST /v1/listeners                  adds one: its configuration with its name, as JSON; 200, 400 or 409
 * POST /v1/listeners/NAME/ACTION      suspend, resume, unbind[?grace=30s][&strategy=at-once]; 200, or 409 if it failed
 * DELETE /v1/listeners/NAME           unbinds it, with the same parameters, and forgets it
 * POST /v1/loops                      adds a loop; 200, or 409 if it failed
 * POST /v1/loops/ID/retire            gives its work to the others and ends it; 200, or 409 if it failed
 * POST /v1/stop[?grace=30s]           0 cuts at once
 * POST /v1/upgrade[?timeout=60s]      hands over to a new process; 200, or 409 if there is none and this one goes on
 * POST /v1/ACTION[?KEY=VALUE]         what a plugin contributes
 * </pre>
 *
 * <p>A GET (or HEAD) changes nothing, a POST or DELETE answers when it is done. Every error is an object with {@code error} and perhaps
 * {@code hint}. Everything but {@code /live} and {@code /ready} is worked out by other threads, because a snapshot may be long and plugins have a
 * part in it, and is written in pieces. What takes longer than 10 s is answered with 504, and with 503 while it is stuck.
 */
final class AdminApi implements Handler<HttpServerRequest> {
    private static final Logger LOG = LoggerFactory.getLogger(AdminApi.class);

    private static final String READY = "ready";
    private static final List<String> ACTIONS = List.of("suspend", "resume", "unbind");
    static final String PREFIX = "/v1/";
    private static final String STOP = PREFIX + "stop";
    private static final String UPGRADE = PREFIX + "upgrade";
    private static final String ALL_LISTENERS = PREFIX + "listeners";
    private static final String LOOPS = PREFIX + "loops";
    private static final Pattern RETIRE = Pattern.compile(LOOPS + "/([0-9]{1,9})/retire");
    private static final String LISTENERS = ALL_LISTENERS + "/";
    private static final String TWICE = "write each parameter once";
    /** Far more than one listener needs; bounds what is kept of a body. */
    private static final int BODY_BYTES_MAX = 64 * 1024;

    private final Vertx vertx;
    private final RuntimeView view;
    private final RuntimeControl control;
    private final Shown shown;
    private final Actions actions;
    private final AdminConnections connections;
    private final WebGuard guard;

    /**
     * The API.
     *
     * @param connections those over which it is asked
     * @param guard what keeps web pages out
     */
    AdminApi(
            Vertx vertx,
            RuntimeView view,
            RuntimeControl control,
            Shown shown,
            Actions actions,
            AdminConnections connections,
            WebGuard guard) {
        this.vertx = vertx;
        this.view = view;
        this.control = control;
        this.shown = shown;
        this.actions = actions;
        this.connections = connections;
        this.guard = guard;
    }

    @Override
    public void handle(HttpServerRequest request) {
        Client client = connections.begin(request);
        if (client == null) {
            return;
        }
        Reply reply = new Reply(vertx, request, client);
        String path = isTarget(request.uri()) ? decoded(request.path()) : null;
        if (path == null) {
            reply.error(400, "the path is not valid: " + request.path(), null);
            return;
        }
        List<String> allowed = allowed(path);
        boolean changes =
                request.method().equals(HttpMethod.POST) || request.method().equals(HttpMethod.DELETE);
        Refusal refusal = guard.check(request, changes);
        if (refusal != null) {
            reply.error(refusal.status(), refusal.error(), refusal.hint());
        } else if (allowed.isEmpty()) {
            notFound(reply, path);
        } else if (!allowed.contains(request.method().name())) {
            request.response().putHeader(HttpHeaders.ALLOW, String.join(", ", allowed));
            reply.error(405, request.method() + " " + path + " is not possible", "use " + String.join(" or ", allowed));
        } else if (changes) {
            change(request, reply, path);
        } else {
            get(reply, path);
        }
    }

    /** What this API itself does when a POST asks for it, which no plugin can. */
    static boolean isTaken(String path) {
        return path.equals(STOP) || path.equals(UPGRADE);
    }

    /** Where a POST means something to this API already. */
    static boolean actsItself(String path) {
        return isTaken(path)
                || path.equals(ALL_LISTENERS)
                || path.startsWith(LISTENERS)
                || path.equals(LOOPS)
                || path.startsWith(LOOPS + "/");
    }

    /** The methods of a path; none if there is no such path. A listener's name is looked at later. */
    private List<String> allowed(String path) {
        if (isTaken(path) || action(path) != null) {
            return List.of("POST");
        } else if (RETIRE.matcher(path).matches()) {
            return List.of("POST");
        } else if (path.equals(ALL_LISTENERS) || path.equals(LOOPS)) {
            return List.of("GET", "HEAD", "POST");
        } else if (isListener(path)) {
            return List.of("DELETE");
        }
        List<String> methods = new ArrayList<>();
        boolean known = shown.has(path) || path.equals("/") || path.equals("/live") || path.equals("/ready");
        if (known) {
            methods.addAll(List.of("GET", "HEAD"));
        }
        if (actions.has(path)) {
            methods.add("POST");
        }
        return methods;
    }

    private void get(Reply reply, String path) {
        switch (path) {
            case "/" -> reply.json(200, Map.of("paths", paths()));
            case "/live" -> live(reply);
            case "/ready" -> {
                String state = view.status().state();
                reply.text(state.equals(READY) ? 200 : 503, state + "\n");
            }
            default -> shown.show(path, reply);
        }
    }

    private void live(Reply reply) {
        StatusSnapshot status = view.status();
        if (status.loops() > 0 && status.loopsBlocked() < status.loops()) {
            reply.text(200, "live\n");
        } else {
            reply.text(
                    503, status.loops() == 0 ? "no loop is left\n" : "all " + status.loops() + " loops are blocked\n");
        }
    }

    // ---- POST and DELETE ------------------------------------------------------------------------------------------

    private void change(HttpServerRequest request, Reply reply, String path) {
        MultiMap given;
        try {
            given = request.params();
        } catch (IllegalArgumentException wrong) {
            reply.error(400, "the query is not valid: " + request.query(), null);
            return;
        }
        for (String parameter : given.names()) {
            if (given.getAll(parameter).size() > 1) {
                reply.error(400, "the parameter \"" + parameter + "\" is given twice", TWICE);
                return;
            }
        }
        if (actions.has(path)) {
            act(request, given, reply, path);
            return;
        }
        List<String> known = parameters(path);
        for (String parameter : given.names()) {
            if (!known.contains(parameter)) {
                reply.error(
                        400,
                        request.method() + " " + path + " has no parameter \"" + parameter + "\"",
                        known.isEmpty() ? "it has none" : "it has " + String.join(", ", known));
                return;
            }
        }
        Matcher retire = RETIRE.matcher(path);
        if (path.equals(LOOPS)) {
            LOG.info("a loop was asked for");
            answer(reply, control.addLoop(), 409);
            return;
        } else if (retire.matches()) {
            LOG.info("end of loop {} asked for", retire.group(1));
            checked(reply, () -> control.retireLoop(Integer.parseInt(retire.group(1))));
            return;
        }
        Duration grace;
        Duration timeout;
        try {
            grace = time(request, "grace");
            timeout = time(request, "timeout");
        } catch (IllegalArgumentException wrong) {
            reply.error(400, String.valueOf(wrong.getMessage()), null);
            return;
        }
        if (path.equals(STOP)) {
            LOG.info("stop asked for by {}", request.remoteAddress());
            answer(reply, control.stop(grace), 200);
            return;
        }
        if (path.equals(UPGRADE)) {
            LOG.info("upgrade asked for by {}", request.remoteAddress());
            answer(reply, control.upgrade(timeout), 409);
            return;
        }
        if (path.equals(ALL_LISTENERS)) {
            add(request, reply);
            return;
        }
        String action = action(path);
        String name = path.substring(
                LISTENERS.length(), action == null ? path.length() : path.length() - action.length() - 1);
        Optional<Listener> listener = control.listener(name);
        if (listener.isEmpty()) {
            List<String> names = control.listenerNames();
            reply.error(
                    404,
                    "no listener \"" + name + "\"",
                    Nearest.to(name, names)
                            .map(AdminApi::didYouMean)
                            .orElse(names.isEmpty() ? "there are none" : "there are " + String.join(", ", names)));
            return;
        }
        LOG.info("{} of listener {} asked for", action == null ? "removal" : action, name);
        if ("suspend".equals(action)) {
            answer(reply, listener.get().suspend(), 409);
        } else if ("resume".equals(action)) {
            answer(reply, listener.get().resume(), 409);
        } else {
            Duration within = grace == null ? control.grace() : grace;
            Optional<String> strategy = Optional.ofNullable(request.getParam("strategy"));
            checked(reply, () -> control.unbindListener(name, within, strategy, action == null));
        }
    }

    /** What a change of this API's own takes: a misspelt grace must not become the default. */
    private static List<String> parameters(String path) {
        if (path.equals(STOP)) {
            return List.of("grace");
        } else if (path.equals(UPGRADE)) {
            return List.of("timeout");
        } else if (path.startsWith(LISTENERS)) {
            String action = action(path);
            return action == null || action.equals("unbind") ? List.of("grace", "strategy") : List.of();
        }
        return List.of();
    }

    private static @Nullable Duration time(HttpServerRequest request, String parameter) {
        String asked = request.getParam(parameter);
        return asked == null ? null : Times.parse(parameter, asked);
    }

    private void act(HttpServerRequest request, MultiMap given, Reply reply, String path) {
        Map<String, String> parameters = new LinkedHashMap<>();
        given.forEach(each -> parameters.put(each.getKey(), each.getValue()));
        LOG.info("{} {} asked for by {}", path, parameters, request.remoteAddress());
        actions.act(path, parameters)
                .onSuccess(stage -> answer(reply, stage, 409))
                .onFailure(failure -> {
                    if (failure instanceof IllegalArgumentException wrong) {
                        reply.error(400, String.valueOf(wrong.getMessage()), null);
                    } else {
                        reply.failed(failure);
                    }
                });
    }

    private void add(HttpServerRequest request, Reply reply) {
        Buffer body = Buffer.buffer();
        reply.receiving(true);
        request.handler(piece -> {
            if (body.length() <= BODY_BYTES_MAX) {
                body.appendBuffer(piece);
            }
        });
        request.endHandler(end -> {
            reply.receiving(false);
            if (body.length() > BODY_BYTES_MAX) {
                reply.error(413, "the body is longer than " + BODY_BYTES_MAX + " bytes", null);
            } else if (body.length() == 0) {
                reply.error(
                        400,
                        "there is no body",
                        "send {\"name\": \"web2\", \"bind\": \"127.0.0.1:8081\", \"service\": \"shop\"}");
            } else {
                LOG.info("a listener was asked for: {}", body);
                checked(reply, () -> control.addListener(body.toString()));
            }
        });
    }

    /** Begins something that may refuse what the client wrote. */
    private static void checked(Reply reply, Supplier<CompletionStage<?>> action) {
        CompletionStage<?> result;
        try {
            result = action.get();
        } catch (IllegalArgumentException wrong) {
            reply.error(400, String.valueOf(wrong.getMessage()), null);
            return;
        }
        answer(reply, result, 409);
    }

    /** Answers when the stage is done, on the request's own loop, whichever thread completes it. */
    private static void answer(Reply reply, CompletionStage<?> stage, int failedStatus) {
        Context context = Vertx.currentContext();
        stage.whenComplete((result, failure) -> context.runOnContext(nothing -> {
            if (failure != null) {
                reply.failed(failure);
            } else {
                boolean failed = (result instanceof ListenerResult listened
                                && listened.outcome() == ListenerResult.Outcome.FAILED)
                        || (result instanceof LoopResult loop && loop.outcome() == LoopResult.Outcome.FAILED)
                        || (result instanceof UpgradeReport report && !report.upgraded());
                reply.json(failed ? failedStatus : 200, result);
            }
        }));
    }

    // ---- paths ----------------------------------------------------------------------------------------------------

    /** The action of {@code /v1/listeners/NAME/ACTION}, or null if the path has not that form. */
    private static @Nullable String action(String path) {
        int slash = path.lastIndexOf('/');
        if (!path.startsWith(LISTENERS) || slash <= LISTENERS.length()) {
            return null;
        }
        String action = path.substring(slash + 1);
        return ACTIONS.contains(action) ? action : null;
    }

    /** True for {@code /v1/listeners/NAME}. A name that has a slash in it is one only if it exists. */
    private boolean isListener(String path) {
        String name = path.startsWith(LISTENERS) ? path.substring(LISTENERS.length()) : "";
        return !name.isEmpty()
                && (name.indexOf('/') < 0 || control.listener(name).isPresent());
    }

    private List<String> paths() {
        List<String> paths = new ArrayList<>(shown.paths());
        paths.addAll(List.of("/live", "/ready", STOP, UPGRADE));
        paths.add(LISTENERS + "NAME");
        paths.add(LOOPS + "/ID/retire");
        paths.addAll(actions.paths());
        ACTIONS.forEach(action -> paths.add(LISTENERS + "NAME/" + action));
        return paths;
    }

    private void notFound(Reply reply, String path) {
        int slash = path.lastIndexOf('/');
        String hint;
        if (path.startsWith(LISTENERS) && slash > LISTENERS.length()) {
            hint = "a listener has " + String.join(", ", ACTIONS);
        } else {
            hint = Nearest.to(path, paths()).map(AdminApi::didYouMean).orElse("GET / lists the paths");
        }
        reply.error(404, "nothing at " + path, hint);
    }

    private static String didYouMean(String word) {
        return "did you mean " + word + "?";
    }

    /** Only what may stand in a request target (RFC 9112, 3.2): Vert.x takes any octet, and what it stands for is anybody's guess. */
    private static boolean isTarget(String target) {
        return target.chars().allMatch(c -> c > ' ' && c < 0x7f && c != '#');
    }

    /** The path with its escapes resolved and without a slash at the end, or null if an escape is broken. */
    private static @Nullable String decoded(@Nullable String raw) {
        if (raw == null || !raw.startsWith("/")) {
            return null;
        }
        try {
            String path = URLDecoder.decode(raw.replace("+", "%2B"), StandardCharsets.UTF_8);
            return path.length() > 1 && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
        } catch (IllegalArgumentException broken) {
            return null;
        }
    }
}
