package dev.baton.plugin.admin;

import dev.baton.plugin.admin.access.Access;
import dev.baton.plugin.admin.access.Audit;
import dev.baton.plugin.admin.access.Caller;
import dev.baton.plugin.admin.access.Right;
import dev.baton.plugin.admin.access.Role;
import dev.baton.spi.admin.OfferedAction.Parameter;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
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
                    Caller caller = asked.known().caller();
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
                asked -> asked.reply().json(200, new Begun(access.once(asked.known())))));
    }

    /** By what somebody asks; null if that is not known. */
    @Nullable
    Right right(HttpServerRequest request) {
        return access.right(request);
    }

    /** Notes a request that is to change something. */
    Audit audit(@Nullable Right right, HttpServerRequest request, Route route) {
        Set<String> parameters =
                route.parameters().stream().map(Parameter::name).collect(Collectors.toUnmodifiableSet());
        return audit(right == null ? null : right.caller(), request, parameters);
    }

    private static Audit audit(@Nullable Caller caller, HttpServerRequest request, Set<String> parameters) {
        return new Audit(caller, Access.place(request), request.method().name(), request.uri(), parameters);
    }

    /**
     * Whether a request goes on as that of somebody who is known, or of a path for everybody; else it was answered.
     * Comes before all that tells what there is.
     */
    boolean knows(@Nullable Right right, HttpServerRequest request, Reply reply, String path) {
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
        if (right == null) {
            reply.unknown();
        }
        return right != null;
    }

    private void begin(String once, HttpServerRequest request, Reply reply) {
        Caller caller = access.begin(once, request);
        reply.audited(audit(caller, request, Set.of()));
        if (caller == null) {
            reply.error(401, "this address was used already, or is too old", "`baton dashboard` prints a new one");
        } else {
            request.response().putHeader(HttpHeaders.LOCATION, "/");
            reply.text(303, "");
        }
    }

    /** Whether a request that is to change something goes on; else it was answered. */
    boolean allows(@Nullable Right right, Reply reply, String path) {
        if (right == null || right.caller().mayAct() || path.equals(SESSIONS)) {
            return true;
        }
        reply.error(403, right.caller().name() + " may only read", "a token with the role act may");
        return false;
    }
}
