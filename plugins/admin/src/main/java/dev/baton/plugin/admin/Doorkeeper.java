package dev.baton.plugin.admin;

import dev.baton.plugin.admin.access.Access;
import dev.baton.plugin.admin.access.Audit;
import dev.baton.plugin.admin.access.Caller;
import dev.baton.plugin.admin.access.Role;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Lets requests in, or answers those that it does not let in; and has a line written of each that acts. */
final class Doorkeeper {
    /** What a browser begins its session with. */
    static final String SESSIONS = AdminApi.PREFIX + "sessions";

    /** For those who watch the process: they tell nothing but whether it works. */
    private static final Set<String> OPEN = Set.of("/live", "/ready");

    private final Access access;

    Doorkeeper(Access access) {
        this.access = access;
    }

    /** What {@code GET /v1/session} answers. */
    record Session(String name, Role role, boolean guarded) {}

    /** What {@code POST /v1/sessions} answers. */
    record Begun(@Nullable String token) {}

    void addTo(Routes routes) {
        routes.add(new Route(
                "GET",
                AdminApi.PREFIX + "session",
                any -> true,
                "who asks, and what they may do",
                List.of(),
                Optional.empty(),
                Content.object(Session.class),
                Map.of(),
                asked -> {
                    Caller caller = Objects.requireNonNull(access.caller(asked.request()));
                    asked.reply().json(200, new Session(caller.name(), caller.role(), access.isGuarded()));
                }));
        routes.add(new Route(
                "POST",
                SESSIONS,
                any -> true,
                "a token with which a browser may open the dashboard once, within a minute, as who asks; null where no"
                        + " tokens are configured",
                List.of(),
                Optional.empty(),
                Content.object(Begun.class),
                Map.of(),
                asked -> {
                    Caller caller = Objects.requireNonNull(access.caller(asked.request()));
                    asked.reply().json(200, new Begun(access.isGuarded() ? access.once(caller) : null));
                }));
    }

    /** Notes a request that is to change something. */
    Audit audit(HttpServerRequest request, String path) {
        Caller caller = access.caller(request);
        Map<String, String> parameters = new LinkedHashMap<>();
        try {
            request.params().forEach(each -> parameters.put(each.getKey(), each.getValue()));
        } catch (IllegalArgumentException wrong) {
            parameters.put("query", String.valueOf(request.query()));
        }
        return new Audit(
                caller == null ? "nobody who is known" : caller.name(),
                request.method().name(),
                path,
                parameters);
    }

    /** Whether a request goes on; else it was answered. */
    boolean admits(HttpServerRequest request, Reply reply, String path, boolean changes) {
        if (OPEN.contains(path)) {
            return true;
        }
        if (access.isGuarded()
                && path.equals("/")
                && request.method().equals(HttpMethod.GET)
                && Dashboard.isWanted(request)) {
            String once;
            try {
                once = request.getParam(Access.ONCE);
            } catch (IllegalArgumentException wrong) {
                reply.error(400, "the query is not valid: " + request.query(), null);
                return false;
            }
            if (once != null) {
                begin(once, request, reply);
                return false;
            }
        }
        Caller caller = access.caller(request);
        if (caller == null) {
            reply.unknown();
            return false;
        }
        if (changes && !caller.mayAct() && !path.equals(SESSIONS)) {
            reply.error(403, caller.name() + " may only read", "a token with the role act may");
            return false;
        }
        return true;
    }

    private void begin(String once, HttpServerRequest request, Reply reply) {
        if (access.begin(once, request)) {
            request.response().putHeader(HttpHeaders.LOCATION, "/");
            reply.text(303, "");
        } else {
            reply.error(401, "this address was used already, or is too old", "`baton dashboard` prints a new one");
        }
    }
}
