package dev.baton.plugin.httpfilters;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Content codings that {@link Compress} knows, and which of them a client wants (RFC 9110, section 12.5.3). */
enum Coding {
    /** Deflate with the head and trailer of gzip. */
    GZIP("gzip"),
    /** Deflate with those of zlib. */
    DEFLATE("deflate");

    private static final int Q_MAX = 1_000;

    private final String token;

    Coding(String token) {
        this.token = token;
    }

    String token() {
        return token;
    }

    /**
     * The coding that a client wants most; gzip, if it wants several as much.
     *
     * @param acceptEncoding the values of the fields Accept-Encoding
     * @return null if it wants none of them, or would rather have the response as it is
     */
    static @Nullable Coding wanted(List<String> acceptEncoding) {
        int gzip = -1;
        int deflate = -1;
        int identity = -1;
        int any = -1;
        for (String value : acceptEncoding) {
            for (String part : value.split(",", -1)) {
                int semicolon = part.indexOf(';');
                String name = (semicolon < 0 ? part : part.substring(0, semicolon))
                        .strip()
                        .toLowerCase(Locale.ROOT);
                int weight = semicolon < 0 ? Q_MAX : weight(part.substring(semicolon + 1));
                switch (name) {
                    case "gzip", "x-gzip" -> gzip = weight;
                    case "deflate" -> deflate = weight;
                    case "identity" -> identity = weight;
                    case "*" -> any = weight;
                    default -> {} // another coding
                }
            }
        }
        gzip = gzip < 0 ? any : gzip;
        deflate = deflate < 0 ? any : deflate;
        int best = Math.max(gzip, deflate);
        if (best <= 0 || best < identity) {
            return null;
        }
        return gzip == best ? GZIP : DEFLATE;
    }

    /** In thousandths; 0 for what is no weight. */
    private static int weight(String parameter) {
        String text = parameter.strip();
        if (!text.regionMatches(true, 0, "q=", 0, 2)) {
            return 0;
        }
        String number = text.substring(2).strip();
        if (!number.matches("0(\\.\\d{0,3})?|1(\\.0{0,3})?")) {
            return 0;
        }
        return (int) Math.round(Double.parseDouble(number) * Q_MAX);
    }
}
