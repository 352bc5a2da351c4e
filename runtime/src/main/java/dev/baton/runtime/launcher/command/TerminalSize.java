package dev.baton.runtime.launcher.command;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How much a terminal shows.
 *
 * @param rows lines
 * @param columns characters a line
 */
record TerminalSize(int rows, int columns) {
    /** Of what is no terminal. */
    static final TerminalSize UNLIMITED = new TerminalSize(Integer.MAX_VALUE, Integer.MAX_VALUE);

    /** Of a terminal that does not tell: the size that the first ones had. */
    private static final TerminalSize USUAL = new TerminalSize(24, 80);

    private static final Pattern ROWS_AND_COLUMNS = Pattern.compile("([1-9]\\d{0,3}) ([1-9]\\d{0,3})\\s*");

    /** As {@code stty} tells it, which POSIX has on every system: the JDK does not. */
    static TerminalSize of(Path terminal) throws InterruptedException {
        try {
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(terminal.toFile())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try (InputStream told = stty.getInputStream()) {
                return parse(new String(told.readAllBytes(), StandardCharsets.US_ASCII));
            } finally {
                stty.waitFor();
            }
        } catch (IOException e) {
            return USUAL; // there is none, or the terminal is gone
        }
    }

    /** What {@code stty size} has printed. */
    static TerminalSize parse(String told) {
        Matcher size = ROWS_AND_COLUMNS.matcher(told);
        return size.matches()
                ? new TerminalSize(Integer.parseInt(size.group(1)), Integer.parseInt(size.group(2)))
                : USUAL;
    }
}
