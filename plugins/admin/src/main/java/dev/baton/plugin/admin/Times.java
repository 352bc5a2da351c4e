package dev.baton.plugin.admin;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads a time in the form of the configuration. */
final class Times {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,9})(ms|s|m|h)");

    /** As in the configuration. */
    private static final Duration MAX = Duration.ofHours(24);

    private Times() {}

    /**
     * Reads {@code 250ms}, {@code 30s}, {@code 5m}, {@code 1h}; and {@code 0}.
     *
     * @param name the parameter, for the error
     * @throws IllegalArgumentException with what is wrong, as one sentence without a full stop
     */
    static Duration parse(String name, String text) {
        if (text.equals("0")) {
            return Duration.ZERO;
        }
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    name + " is \"" + text + "\", must be a time such as 250ms, 30s, 5m or 1h");
        }
        long amount = Long.parseLong(matcher.group(1));
        Duration grace = switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(amount);
            case "s" -> Duration.ofSeconds(amount);
            case "m" -> Duration.ofMinutes(amount);
            default -> Duration.ofHours(amount);
        };
        if (grace.compareTo(MAX) > 0) {
            throw new IllegalArgumentException(name + " is \"" + text + "\", must be at most 24h");
        }
        return grace;
    }
}
