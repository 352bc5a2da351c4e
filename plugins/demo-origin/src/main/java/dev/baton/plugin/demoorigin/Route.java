package dev.baton.plugin.demoorigin;

import io.netty.handler.codec.http.HttpResponseStatus;

/**
 * What a path asks for.
 *
 * @param kind what to answer
 * @param number N of {@code /bytes/N}, MS of {@code /delay/MS}; else 0
 * @param problem what is wrong with the path, if {@code kind} is NOT_FOUND or BAD; else empty
 */
record Route(Kind kind, long number, String problem) {
    private static final String BYTES = "/bytes/";
    private static final String DELAY = "/delay/";

    /** Digits that fit into a long whatever they are. */
    private static final int MAX_DIGITS = 18;

    enum Kind {
        PAGE,
        BYTES,
        DELAY,
        ECHO,
        BAD,
        NOT_FOUND;

        HttpResponseStatus status() {
            return switch (this) {
                case BAD -> HttpResponseStatus.BAD_REQUEST;
                case NOT_FOUND -> HttpResponseStatus.NOT_FOUND;
                default -> HttpResponseStatus.OK;
            };
        }
    }

    /** Reads a request target; a query is ignored. */
    static Route of(String target, DemoOriginConfig config) {
        int query = target.indexOf('?');
        String path = query < 0 ? target : target.substring(0, query);
        if (path.equals("/")) {
            return new Route(Kind.PAGE, 0, "");
        }
        if (path.equals("/echo")) {
            return new Route(Kind.ECHO, 0, "");
        }
        if (path.startsWith(BYTES)) {
            return number(Kind.BYTES, path, BYTES, config.maxBytes().bytes(), "bytes");
        }
        if (path.startsWith(DELAY)) {
            return number(Kind.DELAY, path, DELAY, config.maxDelay().toMillis(), "milliseconds");
        }
        return new Route(Kind.NOT_FOUND, 0, "there is no " + path + "; try /, /bytes/1000, /delay/100 or /echo");
    }

    private static Route number(Kind kind, String path, String prefix, long max, String unit) {
        String digits = path.substring(prefix.length());
        boolean plain = !digits.isEmpty() && digits.length() <= MAX_DIGITS;
        for (int i = 0; plain && i < digits.length(); i++) {
            plain = digits.charAt(i) >= '0' && digits.charAt(i) <= '9';
        }
        long value = plain ? Long.parseLong(digits) : -1;
        if (value < 0 || value > max) {
            return new Route(Kind.BAD, 0, prefix + digits + ": expected a number of " + unit + " from 0 to " + max);
        }
        return new Route(kind, value, "");
    }
}
