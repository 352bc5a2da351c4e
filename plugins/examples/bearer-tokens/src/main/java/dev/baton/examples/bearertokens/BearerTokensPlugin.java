package dev.baton.examples.bearertokens;

import dev.baton.spi.Configured;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFields;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpVerdict;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Lets requests pass that have a token which the configuration knows (RFC 6750). */
public final class BearerTokensPlugin implements Plugin {
    private static final Pattern DIGEST = Pattern.compile("[0-9a-fA-F]{64}");
    private static final Pattern WORD = Pattern.compile("[A-Za-z0-9-]{1,64}");

    @Override
    public void configure(PluginBinder binder) {
        binder.httpFilter("bearer-tokens", Settings.class, Factory.class);
    }

    /**
     * The keys of the filter.
     *
     * @param tokens SHA-256 digests of tokens by names, so that the file holds no secret
     * @param nameField the field in which the server gets the name; what a client sends there is replaced
     */
    record Settings(
            Map<String, String> tokens,
            @Default("X-Token-Name") String nameField) {
        Settings {
            if (tokens.isEmpty()) {
                throw new WrongValueException("tokens", "without a token, no request passes");
            }
            tokens.forEach((name, digest) -> {
                if (!WORD.matcher(name).matches()) {
                    throw new WrongValueException("tokens", "'" + name + "' must be letters, digits and '-'");
                }
                if (!DIGEST.matcher(digest).matches()) {
                    throw new WrongValueException(
                            "tokens", "'" + name + "' must have a SHA-256 of 64 hexadecimal digits");
                }
            });
            if (!WORD.matcher(nameField).matches() || HttpFields.isServicesOwn(nameField)) {
                throw new WrongValueException("nameField", "'" + nameField + "' is no field that a filter may set");
            }
        }
    }

    static final class Factory implements Configured<Settings, HttpFilter> {
        @Override
        public HttpFilter create(Settings settings) {
            return new BearerTokens(settings);
        }
    }

    /** One for each place in the configuration that names it. Many loops call it at once; it only reads. */
    static final class BearerTokens implements HttpFilter {
        private static final String SCHEME = "Bearer ";

        private final Map<String, String> namesByDigest = new HashMap<>();
        private final String nameField;

        BearerTokens(Settings settings) {
            settings.tokens().forEach((name, digest) -> namesByDigest.put(digest.toLowerCase(Locale.ROOT), name));
            nameField = settings.nameField();
        }

        @Override
        public HttpVerdict request(HttpExchange exchange) {
            String token = token(exchange.request().fields().all("Authorization"));
            String name = token == null ? null : namesByDigest.get(sha256(token));
            if (name == null) {
                exchange.answer(HttpAnswer.of(401)
                        .with("WWW-Authenticate", token == null ? "Bearer" : "Bearer error=\"invalid_token\"")
                        .text("Unauthorized\n"));
                return HttpVerdict.ANSWERED;
            }
            exchange.request().fields().set(nameField, name);
            return HttpVerdict.CONTINUE;
        }

        /** Of several fields none is right: the server behind might read another one. */
        private static @Nullable String token(List<String> values) {
            return values.size() == 1 && values.get(0).regionMatches(true, 0, SCHEME, 0, SCHEME.length())
                    ? values.get(0).substring(SCHEME.length()).strip()
                    : null;
        }

        private static String sha256(String token) {
            try {
                byte[] bytes = token.getBytes(StandardCharsets.UTF_8);
                return HexFormat.of()
                        .formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
            } catch (NoSuchAlgorithmException e) {
                throw new AssertionError("every JDK has SHA-256", e);
            }
        }
    }
}
