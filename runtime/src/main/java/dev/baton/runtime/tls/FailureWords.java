package dev.baton.runtime.tls;

import io.netty.handler.ssl.NotSslRecordException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a TLS library says of a failure, in words that are the same for each library.
 *
 * @param text completes "SERVER: ..."
 */
record FailureWords(ClientTlsFailure failure, String text) {
    /** The JDK: "Received fatal alert: handshake_failure"; before JDK 24 with brackets or without. */
    private static final Pattern JDK_ALERT = Pattern.compile("Received fatal alert: \\(?([a-z_]+)\\)?");

    /** BoringSSL: "...:OPENSSL_internal:TLSV1_ALERT_PROTOCOL_VERSION", "...:TLSV1_CERTIFICATE_REQUIRED". */
    private static final Pattern BORING_ALERT = Pattern.compile("(?:SSLV3|TLSV1)_(?:ALERT_)?([A-Z_]+)");

    /** BoringSSL: "error:10000416:SSL routines:OPENSSL_internal:UNSUPPORTED_PROTOCOL". */
    private static final Pattern BORING = Pattern.compile("error:[0-9a-fA-F]+:.*:([A-Z0-9_]+)$");

    private static final int CHARS_MAX = 200;

    /** What breaks a line, moves a terminal's cursor or turns the direction of text. */
    private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]+");

    static FailureWords of(Throwable cause) {
        String first = "";
        for (Throwable each = cause; each != null; each = each.getCause()) {
            if (each instanceof RefusedServerException refused) {
                return new FailureWords(refused.failure(), String.valueOf(refused.getMessage()));
            }
            if (each instanceof NotSslRecordException) {
                return new FailureWords(ClientTlsFailure.NOT_TLS, "what it sends is no TLS");
            }
            String message = String.valueOf(each.getMessage());
            String alert = alert(message);
            if (!alert.isEmpty()) {
                return new FailureWords(ClientTlsFailure.ALERT, "it has refused with the alert " + alert);
            }
            first = first.isEmpty() ? message : first;
        }
        return new FailureWords(ClientTlsFailure.HANDSHAKE, plain(first));
    }

    /** Whether it says more than that the connection is gone. */
    static boolean isTold(Throwable cause) {
        return of(cause).failure != ClientTlsFailure.HANDSHAKE;
    }

    private static String alert(String message) {
        Matcher jdk = JDK_ALERT.matcher(message);
        if (jdk.find()) {
            return jdk.group(1);
        }
        Matcher boring = BORING_ALERT.matcher(message);
        return boring.find() ? boring.group(1).toLowerCase(Locale.ROOT) : "";
    }

    private static String plain(String message) {
        Matcher boring = BORING.matcher(message);
        String words = boring.find() ? boring.group(1).toLowerCase(Locale.ROOT).replace('_', ' ') : message;
        return plain(words, CHARS_MAX);
    }

    /** Text of a server's as one line that can be printed, cut behind so many characters. */
    static String plain(String text, int charsMax) {
        String line = UNPRINTABLE.matcher(text).replaceAll(" ");
        return line.substring(0, Math.min(line.length(), charsMax));
    }
}
