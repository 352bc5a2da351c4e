package dev.baton.runtime.upstream;

import dev.baton.runtime.config.StickyConfig;
import dev.baton.runtime.config.StickyConfig.SameSite;
import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.UpstreamServer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The cookie that keeps the sessions of one upstream with their servers (RFC 6265). Its value is a digest of the
 * upstream's name and the server's address, so that it means the same after a restart and in every process with this
 * upstream. Any thread.
 */
final class StickyCookie {
    /** Of the digest, in bytes: enough for two servers never to have the same. */
    private static final int VALUE_BYTES = 8;

    private final String upstream;
    private final String name;
    private final String attributes;
    /** By address. */
    private final Map<String, String> values = new ConcurrentHashMap<>();

    StickyCookie(String upstream, StickyConfig config) {
        this.upstream = upstream;
        name = config.cookie();
        StringBuilder text = new StringBuilder("; Path=").append(config.path());
        config.maxAge().ifPresent(age -> text.append("; Max-Age=").append(age.toSeconds()));
        text.append("; HttpOnly");
        if (config.secure()) {
            text.append("; Secure");
        }
        text.append("; SameSite=").append(word(config.sameSite()));
        attributes = text.toString();
    }

    private static String word(SameSite sameSite) {
        return switch (sameSite) {
            case STRICT -> "Strict";
            case LAX -> "Lax";
            case NONE -> "None";
        };
    }

    /** The value that stands for a server. */
    String valueOf(UpstreamServer server) {
        return values.computeIfAbsent(server.address(), this::digest);
    }

    /** No server has this address any more. */
    void forget(String address) {
        values.remove(address);
    }

    private String digest(String address) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256")
                    .digest((upstream + ' ' + address).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest, 0, VALUE_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** The value that a request has; null if it has none. */
    @Nullable
    String valueIn(RequestFacts request) {
        return request.cookie(name);
    }

    /** The value of a field {@code Set-Cookie} that the response to a request needs; null if the client has it. */
    @Nullable
    String fieldFor(UpstreamServer server, RequestFacts request) {
        String value = valueOf(server);
        return value.equals(valueIn(request)) ? null : name + '=' + value + attributes;
    }
}
