package dev.baton.plugin.admin.access;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One line for each request that was to change something, also if it was refused: who, what, how it ended, and how long
 * it took. Its logger is {@value #LOGGER}.
 */
public final class Audit {
    /** The name of the logger. */
    public static final String LOGGER = "dev.baton.audit";

    private static final Logger LOG = LoggerFactory.getLogger(LOGGER);

    private static final int LINE_SEPARATOR = 0x2028;
    private static final int PARAGRAPH_SEPARATOR = 0x2029;

    private final String what;
    private final String who;
    private final long begunNanos = System.nanoTime();
    private String body = "";

    /**
     * A request has come.
     *
     * @param who as {@link Caller#name}, or what is known of somebody who is not let in
     */
    public Audit(String who, String method, String path, Map<String, String> parameters) {
        this.who = who;
        this.what = inOneLine(method + " " + path + (parameters.isEmpty() ? "" : " " + parameters));
    }

    /** It has brought this. */
    public void body(String text) {
        body = " " + inOneLine(text);
    }

    /**
     * Who asks must not write lines of their own: what ends one, or moves a terminal's cursor, is written as an escape.
     */
    private static String inOneLine(String text) {
        StringBuilder line = new StringBuilder(text.length());
        text.chars().forEach(c -> {
            if (Character.isISOControl(c) || c == LINE_SEPARATOR || c == PARAGRAPH_SEPARATOR) {
                line.append(String.format("\\u%04x", c));
            } else {
                line.append((char) c);
            }
        });
        return line.toString();
    }

    /** It was answered. */
    public void answered(int status) {
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begunNanos);
        LOG.info("{}{} by {}: {} after {} ms", what, body, who, status, millis);
    }
}
