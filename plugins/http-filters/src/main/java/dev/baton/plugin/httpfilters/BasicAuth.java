package dev.baton.plugin.httpfilters;

import dev.baton.spi.Configured;
import dev.baton.spi.config.Default;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpVerdict;
import dev.baton.spi.threading.Blocking;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Optional;

/** Lets requests pass that have the name and password of a user of a file (RFC 7617). */
@Blocking // a password hash takes tens of milliseconds
final class BasicAuth implements HttpFilter {
    private static final String SCHEME = "Basic";

    private final Settings settings;
    private final WatchedFile<Users> users;

    /**
     * The keys.
     *
     * @param users the file, see {@link Users}
     * @param realm what the passwords are for; clients show it to people
     * @param userField the field in which the server gets the user's name; what the client has sent there is replaced
     */
    record Settings(Path users, @Default("baton") String realm, Optional<String> userField) {
        Settings {
            Credentials.checkRealm(realm);
            userField.ifPresent(field -> FieldRules.checkName("userField", field));
        }
    }

    /** Makes one for each use. */
    static final class Factory implements Configured<Settings, HttpFilter> {
        @Override
        public HttpFilter create(Settings settings) {
            return new BasicAuth(settings);
        }
    }

    BasicAuth(Settings settings) {
        this.settings = settings;
        users = new WatchedFile<>(settings.users(), Users::parse);
    }

    @Override
    public HttpVerdict request(HttpExchange exchange) {
        String credentials = Credentials.of(exchange.request().fields(), SCHEME);
        String pair = credentials == null ? "" : decoded(credentials);
        int colon = pair.indexOf(':');
        if (colon > 0) {
            String name = pair.substring(0, colon);
            if (users.content().check(name, pair.substring(colon + 1))) {
                return Credentials.pass(exchange, name, settings.userField());
            }
        }
        return Credentials.refuse(exchange, SCHEME + " realm=\"" + settings.realm() + "\", charset=\"UTF-8\"");
    }

    /** Empty if it is not in Base64. */
    private static String decoded(String text) {
        try {
            return new String(Base64.getDecoder().decode(text), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return "";
        }
    }

    @Override
    public void close() {
        users.close();
    }
}
