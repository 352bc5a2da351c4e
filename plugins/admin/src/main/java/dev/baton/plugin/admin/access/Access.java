package dev.baton.plugin.admin.access;

import dev.baton.plugin.admin.access.Sessions.Grant;
import io.vertx.core.http.Cookie;
import io.vertx.core.http.CookieSameSite;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import io.vertx.core.net.SocketAddress;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Finds out who asks.
 *
 * <pre>
 *   no tokens are configured      whoever can reach the address may do everything
 *   Authorization: Bearer TOKEN   who has that token in the file, with its role
 *   the cookie of a session       who has begun it by a token that is good for one request, as long as the file has
 *                                 the token by which that one was asked for, with the role that the file gives it now
 * </pre>
 *
 * <p>Bearer tokens: RFC 6750. Any thread.
 */
public final class Access {
    /** The parameter of {@code GET /} that begins a session. */
    public static final String ONCE = "token";

    private static final String COOKIE = "baton-session";
    private static final String SCHEME = "Bearer ";
    private static final Right ANYONE = new Right(new Caller("anyone", Role.ACT), () -> true, null);

    private final @Nullable TokenFile tokens;
    private final Sessions sessions = new Sessions();

    /**
     * For one server.
     *
     * @param tokens who may ask; empty for whoever can reach the address
     */
    public Access(Optional<TokenFile> tokens) {
        this.tokens = tokens.orElse(null);
    }

    /** Whether somebody has to say who they are. */
    public boolean isGuarded() {
        return tokens != null;
    }

    /** By what somebody asks; null if they do not say who they are, or wrongly. */
    public @Nullable Right right(HttpServerRequest request) {
        TokenFile file = tokens;
        if (file == null) {
            return ANYONE;
        }
        List<String> said = request.headers().getAll(HttpHeaders.AUTHORIZATION);
        if (!said.isEmpty()) {
            String first = said.get(0);
            return said.size() == 1 && first.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
                    ? ofToken(file, Secret.of(first.substring(SCHEME.length()).strip()))
                    : null;
        }
        Cookie session = request.getCookie(cookie(request));
        return session == null ? null : ofSession(file, Secret.of(session.getValue()));
    }

    private @Nullable Right ofToken(TokenFile file, Secret token) {
        Caller caller = file.caller(token);
        return caller == null
                ? null
                : new Right(caller, () -> file.caller(token) != null, sessions.grant(token, caller.name()));
    }

    private @Nullable Right ofSession(TokenFile file, Secret session) {
        Grant grant = sessions.of(session);
        Caller caller = grant == null ? null : file.caller(grant.token());
        return grant == null || caller == null
                ? null
                : new Right(caller, () -> sessions.of(session) != null && file.caller(grant.token()) != null, grant);
    }

    /**
     * A browser sends a cookie to every port of a host (RFC 6265, 8.5). With the port in its name, as the browser knows
     * it, the sessions with several processes, and with those to which ports are forwarded, do not replace each other.
     */
    private static String cookie(HttpServerRequest request) {
        HostAndPort asked = request.authority();
        return asked == null || asked.port() < 0 ? COOKIE : COOKIE + "-" + asked.port();
    }

    /** Where a request comes from, for people. */
    public static String place(HttpServerRequest request) {
        SocketAddress remote = request.remoteAddress();
        String path = remote == null ? null : remote.path();
        return remote == null || path != null ? "the unix socket" : String.valueOf(remote.hostAddress());
    }

    /** A token that lets a browser in once, as who asks; null where nobody needs one. */
    public @Nullable String once(Right right) {
        Grant grant = right.grant();
        return grant == null ? null : sessions.once(grant);
    }

    /**
     * Begins the session of a browser, whose cookie goes into the answer.
     *
     * @return whose it is; null if the token is not good, or no longer
     */
    public @Nullable Caller begin(String token, HttpServerRequest request) {
        TokenFile file = tokens;
        Grant grant = file == null ? null : sessions.redeem(token);
        Caller caller = file == null || grant == null ? null : file.caller(grant.token());
        if (grant != null && caller != null) {
            request.response()
                    .addCookie(Cookie.cookie(cookie(request), sessions.begin(grant))
                            .setPath("/")
                            .setHttpOnly(true)
                            .setSameSite(CookieSameSite.STRICT)
                            .setMaxAge(sessions.seconds(grant)));
        }
        return caller;
    }
}
