package dev.baton.plugin.httpfilters;

import dev.baton.plugin.httpfilters.Credentials.Secret;
import dev.baton.spi.Configured;
import dev.baton.spi.config.Default;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpVerdict;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Lets requests pass that have one of the tokens of a file (RFC 6750). The file has a token a line, and perhaps a name
 * behind it; blank lines and those that begin with {@code #} say nothing.
 */
final class Bearer implements HttpFilter {
    private static final String SCHEME = "Bearer";
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._~+/-]{1,4096}=*");
    private static final Pattern BLANKS = Pattern.compile("\\s+");

    private final Settings settings;
    private final WatchedFile<Map<Secret, String>> tokens;

    /**
     * The keys.
     *
     * @param tokens the file
     * @param realm what the tokens are for, told to clients without one
     * @param userField the field in which the server gets the name of the token; what the client has sent there is
     *     replaced
     */
    record Settings(Path tokens, @Default("baton") String realm, Optional<String> userField) {
        Settings {
            Credentials.checkRealm(realm);
            userField.ifPresent(field -> FieldRules.checkName("userField", field));
        }
    }

    /** Makes one for each use. */
    static final class Factory implements Configured<Settings, HttpFilter> {
        @Override
        public HttpFilter create(Settings settings) {
            return new Bearer(settings);
        }
    }

    Bearer(Settings settings) {
        this.settings = settings;
        tokens = new WatchedFile<>(settings.tokens(), Bearer::parse);
    }

    /** Names by tokens. Of a line that is wrong only the number is told: it may be a secret. */
    private static Map<Secret, String> parse(List<String> lines) {
        Map<Secret, String> names = new HashMap<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            String[] words = BLANKS.split(line, 2);
            String name = words.length == 2 ? words[1] : "token-" + (i + 1);
            if (!TOKEN.matcher(words[0]).matches()) {
                throw new IllegalArgumentException("line " + (i + 1) + " has no token");
            }
            if (!name.chars().allMatch(c -> c > ' ' && c < 0x7F)) {
                throw new IllegalArgumentException("line " + (i + 1) + ": a name is a word in ASCII");
            }
            if (names.put(Credentials.digest(words[0]), name) != null) {
                throw new IllegalArgumentException("line " + (i + 1) + " has a token that stands there twice");
            }
        }
        if (names.isEmpty()) {
            throw new IllegalArgumentException("it has no token");
        }
        return Map.copyOf(names);
    }

    @Override
    public HttpVerdict request(HttpExchange exchange) {
        String token = Credentials.of(exchange.request().fields(), SCHEME);
        String challenge = SCHEME + " realm=\"" + settings.realm() + "\"";
        if (token == null) {
            return Credentials.refuse(exchange, challenge);
        }
        String name = tokens.content().get(Credentials.digest(token));
        return name == null
                ? Credentials.refuse(exchange, challenge + ", error=\"invalid_token\"")
                : Credentials.pass(exchange, name, settings.userField());
    }

    @Override
    public void close() {
        tokens.close();
    }
}
