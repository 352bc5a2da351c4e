package dev.baton.spi.http;

import java.util.Locale;
import java.util.Set;

/** The fields that only the service changes. */
final class ServicesOwnFields {
    private static final Set<String> NAMES = Set.of(
            "close",
            "connection",
            "content-length",
            "expect",
            "host",
            "http2-settings",
            "keep-alive",
            "proxy",
            "proxy-authenticate",
            "proxy-authentication-info",
            "proxy-authorization",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade");
    /** Programs that get fields as variables make one name of these and of those with hyphens. */
    private static final Set<String> LOOKALIKES =
            Set.of("max_forwards", "x_forwarded_for", "x_forwarded_host", "x_forwarded_proto");

    private ServicesOwnFields() {}

    static boolean contain(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        if (lower.indexOf('_') < 0) {
            return NAMES.contains(lower);
        }
        String hyphens = lower.replace('_', '-');
        return NAMES.contains(hyphens) || LOOKALIKES.contains(hyphens.replace('-', '_'));
    }
}
