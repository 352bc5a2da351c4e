package dev.baton.plugin.http.http2;

import io.netty.util.AsciiString;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** What HTTP/1.1 wants in the handshake of a WebSocket (RFC 6455, section 4), and HTTP/2 does not. */
final class WebSocketKey {
    static final AsciiString KEY = AsciiString.cached("sec-websocket-key");
    static final AsciiString ACCEPT = AsciiString.cached("sec-websocket-accept");

    private static final String SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static final int KEY_BYTES = 16;

    private WebSocketKey() {}

    /** It need not be a secret: it shows that the server has read this request. */
    static String random() {
        byte[] bytes = new byte[KEY_BYTES];
        ThreadLocalRandom.current().nextBytes(bytes);
        return Base64.getEncoder().encodeToString(bytes);
    }

    /** The server has read the key, and agrees. */
    static boolean isAccepted(@Nullable String key, @Nullable String accept) {
        return key != null && accept != null && accept(key).equals(accept.trim());
    }

    /** What a server that agrees says to a key. */
    @SuppressWarnings("InsecureCryptoUsage") // the protocol's own
    static String accept(String key) {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-1").digest((key + SUFFIX).getBytes(StandardCharsets.US_ASCII));
            return Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}
