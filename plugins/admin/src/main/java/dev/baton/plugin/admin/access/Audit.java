package dev.baton.plugin.admin.access;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One line for each request that was to change something, and for each that was to begin a session of a browser, also
 * if it was refused. Its logger is {@value #LOGGER}.
 *
 * <pre>
 *   deploy at 127.0.0.1 (act) 409 after 12 ms: "POST /v1/listeners/web/unbind?grace=1s"
 *   nobody at 127.0.0.1 (none) 401 after 0 ms: "POST /v1/stop"
 *   deploy at 127.0.0.1 (act) 200 after 3 ms: "POST /v1/listeners" with "{\\"name\\": \\"more\\"}"
 * </pre>
 *
 * <p>What the process knows stands first, and what a client has written behind it, escaped and in quotes: a client
 * cannot write a line, or a part of one, that looks as if another had asked.
 */
public final class Audit {
    /** The name of the logger. */
    public static final String LOGGER = "dev.baton.audit";

    private static final Logger LOG = LoggerFactory.getLogger(LOGGER);

    private static final Pattern SEPARATOR = Pattern.compile("[&;]");
    /** Of a target or a body, before its escapes. */
    private static final int SHOWN_MAX = 4_096;

    private final String who;
    private final String what;
    private final long begunNanos = System.nanoTime();
    private String body = "";

    /**
     * A request has come.
     *
     * @param caller null for somebody who is not known
     * @param place where it comes from
     * @param target as it was sent
     * @param parameters those that may be shown; others may be secrets that were sent to the wrong address
     */
    public Audit(@Nullable Caller caller, String place, String method, String target, Set<String> parameters) {
        this.who = (caller == null ? "nobody" : caller.name())
                + " at " + place
                + " (" + (caller == null ? "none" : caller.role().word()) + ")";
        this.what = quoted(method + " " + shown(target, parameters));
    }

    /** It has brought this. */
    public void body(String text) {
        body = " with " + quoted(text);
    }

    /** It was answered. */
    public void answered(int status) {
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begunNanos);
        LOG.info("{} {} after {} ms: {}{}", who, status, millis, what, body);
    }

    /** With three dots for each parameter that is none. */
    private static String shown(String target, Set<String> parameters) {
        int query = target.indexOf('?');
        if (query < 0) {
            return target;
        }
        StringBuilder shown = new StringBuilder(target.length()).append(target, 0, query);
        char before = '?';
        for (String each : SEPARATOR.split(target.substring(query + 1), -1)) {
            shown.append(before).append(isNamed(each, parameters) ? each : "...");
            before = '&';
        }
        return shown.toString();
    }

    private static boolean isNamed(String parameter, Set<String> parameters) {
        int equals = parameter.indexOf('=');
        try {
            return parameters.contains(
                    URLDecoder.decode(equals < 0 ? parameter : parameter.substring(0, equals), StandardCharsets.UTF_8));
        } catch (IllegalArgumentException broken) {
            return false;
        }
    }

    /**
     * What would end the line or the quotes, moves a terminal's cursor or turns its direction around, is written as an
     * escape.
     */
    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        String shown = text.length() <= SHOWN_MAX ? text : text.substring(0, SHOWN_MAX);
        shown.chars().forEach(c -> {
            if (c == '"' || c == '\\') {
                quoted.append('\\').append((char) c);
            } else if (isPlain(c)) {
                quoted.append((char) c);
            } else {
                quoted.append(String.format("\\u%04x", c));
            }
        });
        quoted.append('"');
        if (shown.length() < text.length()) {
            quoted.append(" and ").append(text.length() - shown.length()).append(" more characters");
        }
        return quoted.toString();
    }

    /** Not what controls, separates or formats; nor half of a character, which may be such a one. */
    private static boolean isPlain(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.UNASSIGNED -> false;
            default -> true;
        };
    }
}
