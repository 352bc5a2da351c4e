package dev.baton.plugin.httpfilters.log;

import dev.baton.spi.Configured;
import dev.baton.spi.config.ByteSize;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.http.HttpAttribute;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpOutcome;
import jakarta.inject.Inject;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Writes a line for each exchange, when it is over. The line is made on the loop, in an array of the thread, and copied
 * into the ring of the file; the loop never waits for the file.
 */
public final class AccessLog implements HttpFilter {
    /** The name of who has sent a request, if a filter has found that out. */
    public static final HttpAttribute<String> USER = HttpAttribute.named("user");
    /** The id of a request, if a filter has given it one. */
    public static final HttpAttribute<String> ID = HttpAttribute.named("request-id");

    /** Between two callbacks there is nothing in it but an array and the second that was written last. */
    private static final ThreadLocal<LogFormat> FORMAT = ThreadLocal.withInitial(LogFormat::new);

    private final LogFiles files;
    private final Optional<Path> path;
    private final LogFile file;
    private final boolean json;

    /** Forms of a line. */
    public enum Format {
        /** An object of JSON. */
        JSON,
        /** Apache's combined format. */
        COMBINED
    }

    /**
     * The keys.
     *
     * @param format of the lines
     * @param file its path; without it, lines go to the standard output
     * @param buffer what waits to be written, in bytes; lines beyond are dropped
     */
    public record Settings(
            @Default("json") Format format,
            Optional<Path> file,

            @Default("1MiB") @Range(min = "64KiB", max = "256MiB")
            ByteSize buffer) {
        /** Refuses a buffer that is no power of two. */
        public Settings {
            if (Long.bitCount(buffer.bytes()) != 1) {
                throw new WrongValueException("buffer", buffer + " is no power of two, such as 512KiB or 4MiB");
            }
        }
    }

    /** Makes one for each use. */
    public static final class Factory implements Configured<Settings, HttpFilter> {
        private final LogFiles files;

        @Inject
        Factory(LogFiles files) {
            this.files = files;
        }

        @Override
        public HttpFilter create(Settings settings) {
            return new AccessLog(settings, files);
        }
    }

    AccessLog(Settings settings, LogFiles files) {
        this.files = files;
        path = settings.file();
        json = settings.format() == Format.JSON;
        file = files.use(path, (int) settings.buffer().bytes());
    }

    @Override
    public void end(HttpExchange exchange, HttpOutcome outcome) {
        LogFormat format = FORMAT.get();
        long now = System.currentTimeMillis();
        LogLine line = json ? format.json(exchange, outcome, now) : format.combined(exchange, now);
        file.offer(line.bytes(), line.length());
    }

    @Override
    public void close() {
        files.giveBack(path);
    }
}
