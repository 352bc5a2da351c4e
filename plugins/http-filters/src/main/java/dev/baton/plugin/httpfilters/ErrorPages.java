package dev.baton.plugin.httpfilters;

import dev.baton.spi.Configured;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFields;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpVerdict;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Replaces the bodies of error responses by pages, by their status or its class. */
final class ErrorPages implements HttpFilter {
    private static final Pattern KEY = Pattern.compile("[45](\\d\\d|xx)");
    private static final int SIZE_MAX = 1 << 20;
    private static final int ERRORS = 400;
    private static final int CLASS = 100;
    /** What says something about the status, and not about the body. */
    private static final List<String> KEPT = List.of(
            "WWW-Authenticate",
            "Retry-After",
            "Allow",
            "Accept-Ranges",
            "Date",
            "Server",
            "Set-Cookie",
            "Vary",
            "Via",
            "Cache-Control");

    private final Map<String, Made> pages = new HashMap<>();

    /**
     * The keys.
     *
     * @param pages by status, such as 503, or class, such as 5xx
     */
    record Settings(Map<String, Page> pages) {
        Settings {
            if (pages.isEmpty()) {
                throw new WrongValueException("pages", "there is no page");
            }
            pages.keySet().forEach(key -> {
                if (!KEY.matcher(key).matches()) {
                    throw new WrongValueException(
                            "pages", "'" + key + "' is no status from 400 to 599, nor 4xx or 5xx");
                }
            });
        }
    }

    /**
     * A page.
     *
     * @param text the page itself
     * @param file the file that has it
     * @param contentType empty: as the file's name says, or plain text
     */
    record Page(Optional<String> text, Optional<Path> file, Optional<String> contentType) {
        Page {
            if (text.isPresent() == file.isPresent()) {
                throw new IllegalArgumentException("a page needs 'text' or 'file', and not both");
            }
            contentType.ifPresent(type -> FieldRules.checkValue("contentType", "Content-Type", type));
        }
    }

    /** Makes one for each use. */
    static final class Factory implements Configured<Settings, HttpFilter> {
        @Override
        public HttpFilter create(Settings settings) {
            return new ErrorPages(settings);
        }
    }

    ErrorPages(Settings settings) {
        settings.pages().forEach((key, page) -> pages.put(key, made(page)));
    }

    @SuppressWarnings("ArrayRecordComponent") // pages are not compared
    private record Made(String contentType, byte[] body) {}

    private static Made made(Page page) {
        String guessed = page.file().map(ErrorPages::typeOf).orElse("text/plain; charset=utf-8");
        byte[] body = page.file()
                .map(ErrorPages::read)
                .orElseGet(() -> page.text().orElse("").getBytes(StandardCharsets.UTF_8));
        return new Made(page.contentType().orElse(guessed), body);
    }

    private static String typeOf(Path file) {
        String name = file.toString();
        if (name.endsWith(".html") || name.endsWith(".htm")) {
            return "text/html; charset=utf-8";
        }
        return name.endsWith(".json") ? "application/json" : "text/plain; charset=utf-8";
    }

    private static byte[] read(Path file) {
        try {
            if (Files.size(file) > SIZE_MAX) {
                throw new IllegalArgumentException("cannot read " + file + ": it is larger than 1 MiB");
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new IllegalArgumentException("cannot read " + file + ": " + e, e);
        }
    }

    @Override
    public HttpVerdict response(HttpExchange exchange) {
        int status = exchange.response().status();
        Made page = status < ERRORS ? null : page(status);
        if (page == null) {
            return HttpVerdict.CONTINUE;
        }
        HttpAnswer answer = HttpAnswer.of(status).body(page.contentType(), page.body());
        HttpFields fields = exchange.response().fields();
        for (int i = 0; i < fields.size(); i++) {
            if (isKept(fields.name(i))) {
                answer = answer.with(fields.name(i), fields.value(i));
            }
        }
        exchange.answer(answer);
        return HttpVerdict.ANSWERED;
    }

    private @Nullable Made page(int status) {
        Made exact = pages.get(Integer.toString(status));
        return exact != null ? exact : pages.get(status / CLASS + "xx");
    }

    private static boolean isKept(String name) {
        return KEPT.stream().anyMatch(name::equalsIgnoreCase);
    }
}
