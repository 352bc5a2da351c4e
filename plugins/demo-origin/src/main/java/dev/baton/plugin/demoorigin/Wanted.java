package dev.baton.plugin.demoorigin;

/**
 * What a path asks for.
 *
 * @param kind what to answer
 * @param number N of {@code /bytes/N}, MS of {@code /delay/MS}; else 0
 * @param problem what is wrong with the path, if {@code kind} is NOT_FOUND or BAD; else empty
 */
record Wanted(Kind kind, long number, String problem) {
    private static final String BYTES = "/bytes/";
    private static final String DELAY = "/delay/";

    /** So many digits always fit into a long. */
    private static final int MAX_DIGITS = 18;

    enum Kind {
        PAGE,
        BYTES,
        DELAY,
        ECHO,
        BAD,
        NOT_FOUND;

        int status() {
            return switch (this) {
                case BAD -> 400;
                case NOT_FOUND -> 404;
                default -> 200;
            };
        }
    }

    /** Reads a path. */
    static Wanted of(String path, DemoOrigin.Settings settings) {
        if (path.equals("/")) {
            return new Wanted(Kind.PAGE, 0, "");
        }
        if (path.equals("/echo")) {
            return new Wanted(Kind.ECHO, 0, "");
        }
        if (path.startsWith(BYTES)) {
            return number(Kind.BYTES, path, BYTES, settings.maxBytes().bytes(), "bytes");
        }
        if (path.startsWith(DELAY)) {
            return number(Kind.DELAY, path, DELAY, settings.maxDelay().toMillis(), "milliseconds");
        }
        return new Wanted(Kind.NOT_FOUND, 0, "there is no " + path + "; try /, /bytes/1000, /delay/100 or /echo");
    }

    private static Wanted number(Kind kind, String path, String prefix, long max, String unit) {
        String digits = path.substring(prefix.length());
        boolean plain = !digits.isEmpty() && digits.length() <= MAX_DIGITS;
        for (int i = 0; plain && i < digits.length(); i++) {
            plain = digits.charAt(i) >= '0' && digits.charAt(i) <= '9';
        }
        long value = plain ? Long.parseLong(digits) : -1;
        if (value < 0 || value > max) {
            return new Wanted(Kind.BAD, 0, prefix + digits + ": expected a number of " + unit + " from 0 to " + max);
        }
        return new Wanted(kind, value, "");
    }
}
