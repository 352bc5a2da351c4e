package dev.baton.plugin.admin.access;

import io.vertx.core.http.Cookie;
import io.vertx.core.http.CookieSameSite;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
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
 *   the cookie of a session       who has begun it by a token that is good for one request
 * </pre>
 *
 * <p>Bearer tokens: RFC 6750. Any thread.
 */
public final class Access {
    /** The parameter of {@code GET /} that begins a session. */
    public static final String ONCE = "token";

    private static final String COOKIE = "baton-session";
    private static final String SCHEME = "Bearer ";

    private final @Nullable TokenFile tokens;
    private final Sessions sessions;

    /**
     * For one server.
     *
     * @param tokens who may ask; empty for whoever can reach the address
     */
    public Access(Optional<TokenFile> tokens, Sessions sessions) {
        this.tokens = tokens.orElse(null);
        this.sessions = sessions;
    }

    /** Whether somebody has to say who they are. */
    public boolean isGuarded() {
        return tokens != null;
    }

    /** Who asks; null if they do not say so, or wrongly. */
    public @Nullable Caller caller(HttpServerRequest request) {
        if (tokens == null) {
            return new Caller("anyone at " + place(request), Role.ACT);
        }
        List<String> said = request.headers().getAll(HttpHeaders.AUTHORIZATION);
        if (!said.isEmpty()) {
            String first = said.get(0);
            return said.size() == 1 && first.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
                    ? tokens.caller(first.substring(SCHEME.length()).strip())
                    : null;
        }
        Cookie session = request.getCookie(COOKIE);
        return session == null ? null : sessions.caller(session.getValue());
    }

    private static String place(HttpServerRequest request) {
        SocketAddress remote = request.remoteAddress();
        String path = remote == null ? null : remote.path();
        return remote == null || path != null ? "the unix socket" : String.valueOf(remote.hostAddress());
    }

    /** A token that lets a browser in once, as who asks. */
    public String once(Caller caller) {
        return sessions.once(caller);
    }

    /**
     * Begins the session of a browser, whose cookie goes into the answer.
     *
     * @return false if the token is not good, or no longer
     */
    public boolean begin(String token, HttpServerRequest request) {
        String session = sessions.begin(token);
        if (session == null) {
            return false;
        }
        request.response()
                .addCookie(Cookie.cookie(COOKIE, session)
                        .setPath("/")
                        .setHttpOnly(true)
                        .setSameSite(CookieSameSite.STRICT)
                        .setMaxAge(Sessions.SESSION_SECONDS));
        return true;
    }
}
