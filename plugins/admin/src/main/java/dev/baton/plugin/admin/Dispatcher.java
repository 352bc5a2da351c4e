package dev.baton.plugin.admin;

import dev.baton.plugin.admin.AdminConnections.Client;
import dev.baton.plugin.admin.Route.Asked;
import dev.baton.plugin.admin.Routes.Match;
import dev.baton.plugin.admin.WebGuard.Refusal;
import dev.baton.plugin.admin.access.Right;
import dev.baton.spi.config.Spelling;
import io.vertx.core.Handler;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes each request to its route, or says why it does not get there. */
final class Dispatcher implements Handler<HttpServerRequest> {
    private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);

    private static final String TWICE = "write each parameter once";

    private final Vertx vertx;
    private final AdminConnections connections;
    private final WebGuard guard;
    private final Doorkeeper door;
    private final Routes routes;
    private final Spelling spelling;

    /**
     * A dispatcher.
     *
     * @param connections those over which requests come
     * @param guard what keeps web pages out
     * @param door who may ask
     * @param routes where requests go
     * @param spelling what a wrong path may have meant
     */
    Dispatcher(
            Vertx vertx,
            AdminConnections connections,
            WebGuard guard,
            Doorkeeper door,
            Routes routes,
            Spelling spelling) {
        this.vertx = vertx;
        this.connections = connections;
        this.guard = guard;
        this.door = door;
        this.routes = routes;
        this.spelling = spelling;
    }

    @Override
    public void handle(HttpServerRequest request) {
        Client client = connections.begin(request);
        if (client != null) {
            Reply reply = new Reply(vertx, request, client);
            reply.attempt(() -> dispatch(request, reply));
        }
    }

    private void dispatch(HttpServerRequest request, Reply reply) {
        String path = isTarget(request.uri()) ? decoded(request.path()) : null;
        if (path == null) {
            reply.error(400, "the path is not valid: " + request.path(), null);
            return;
        }
        String method = request.method().name();
        boolean changes =
                request.method().equals(HttpMethod.POST) || request.method().equals(HttpMethod.DELETE);
        Right right = door.right(request);
        Refusal refusal = guard.check(request, changes);
        Map<String, Match> here = routes.at(path);
        Match match = here.get(method.equals("HEAD") ? "GET" : method);
        if (changes && match != null) {
            reply.audited(door.audit(right, request, match.route()));
        }
        if (refusal != null) {
            reply.error(refusal.status(), refusal.error(), refusal.hint());
        } else if (!door.knows(right, request, reply, path)) {
            LOG.debug("{} {} was not let in", method, request.path());
        } else if (here.isEmpty()) {
            notFound(reply, path);
        } else if (match == null) {
            List<String> allowed = allowed(here.keySet());
            request.response().putHeader(HttpHeaders.ALLOW, String.join(", ", allowed));
            reply.error(405, request.method() + " " + path + " is not possible", "use " + String.join(" or ", allowed));
        } else if (!changes || door.allows(right, reply, path)) {
            Map<String, String> given =
                    changes || !match.route().parameters().isEmpty() ? parameters(request, reply) : Map.of();
            if (given != null) {
                match.route().call().answer(new Asked(request, reply, right, match.variable(), given));
            }
        }
    }

    private static List<String> allowed(Collection<String> methods) {
        List<String> allowed = new ArrayList<>();
        for (String method : List.of("GET", "HEAD", "POST", "DELETE")) {
            if (methods.contains(method.equals("HEAD") ? "GET" : method)) {
                allowed.add(method);
            }
        }
        return allowed;
    }

    /** The parameters of the query; null if they are wrong, which was answered. */
    private static @Nullable Map<String, String> parameters(HttpServerRequest request, Reply reply) {
        MultiMap query;
        try {
            query = request.params();
        } catch (IllegalArgumentException wrong) {
            reply.error(400, "the query is not valid: " + request.query(), null);
            return null;
        }
        Map<String, String> given = new LinkedHashMap<>();
        for (String parameter : query.names()) {
            List<String> values = query.getAll(parameter);
            if (values.size() > 1) {
                reply.error(400, "the parameter \"" + parameter + "\" is given twice", TWICE);
                return null;
            }
            given.put(parameter, values.get(0));
        }
        return given;
    }

    private void notFound(Reply reply, String path) {
        String hint;
        if (path.startsWith(AdminApi.LISTENERS + "/") && path.lastIndexOf('/') > AdminApi.LISTENERS.length()) {
            hint = "a listener has suspend, resume, unbind";
        } else if (path.startsWith(AdminApi.UPSTREAMS + "/")) {
            hint = "servers have add, remove, drain, ready, maintenance, weight: POST " + AdminApi.UPSTREAMS
                    + "/NAME/servers/drain?server=HOST:PORT";
        } else {
            hint = spelling.nearest(path, routes.paths())
                    .map(AdminApi::didYouMean)
                    .orElse("GET / lists the paths");
        }
        reply.error(404, "nothing at " + path, hint);
    }

    /**
     * Only what may stand in a request target (RFC 9112, 3.2): Vert.x takes any octet, and what others stand for is not
     * defined.
     */
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
