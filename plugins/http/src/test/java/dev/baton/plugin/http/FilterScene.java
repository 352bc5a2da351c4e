package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench.Ends;
import dev.baton.spi.config.Choice;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpBody;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpFilterOptions;
import dev.baton.spi.http.HttpFilterOptions.OnFailure;
import dev.baton.spi.http.HttpVerdict;
import dev.baton.spi.threading.Blocking;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** An exchange with filters of a test: {@code a} and {@code b} run on its loop, {@code slow} on workers. */
@SuppressWarnings("StringConcatToTextBlock") // the line ends are what matters
abstract class FilterScene {
    static final String GET = "GET /a HTTP/1.1\r\nHost: shop\r\n\r\n";
    static final String POST = "POST /a HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\n";
    static final String FORWARDED =
            "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Host: shop\r\nX-Forwarded-Proto: http\r\n";
    static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    final List<String> log = new ArrayList<>();
    final ScriptedFilter a = new ScriptedFilter("a", log);
    final ScriptedFilter b = new ScriptedFilter("b", log);

    @Blocking
    private final class Slow extends ScriptedFilter {
        Slow() {
            super("slow", FilterScene.this.log);
        }
    }

    final ScriptedFilter slow = new Slow();

    static Choice<HttpFilter> choice(String type, OnFailure onFailure) {
        return choice(type, onFailure, Duration.ofSeconds(20));
    }

    static Choice<HttpFilter> choice(String type, OnFailure onFailure, Duration budget) {
        return new Choice<>(
                HttpFilter.class,
                type,
                new NoSettings(),
                new HttpFilterOptions(onFailure, Duration.ofSeconds(2), budget));
    }

    private record NoSettings() {}

    Bench bench(Ends ends, String... types) {
        return bench(ends, OnFailure.REFUSE, types);
    }

    Bench bench(Ends ends, OnFailure onFailure, String... types) {
        List<Choice<HttpFilter>> filters = new ArrayList<>();
        for (String type : types) {
            filters.add(choice(type, onFailure));
        }
        return new Bench(ends, Bench.config(true, filters), Map.of("a", a, "b", b, "slow", slow));
    }

    void assertLog(String... lines) {
        assertThat(log).containsExactly(lines);
        log.clear();
    }

    static HttpVerdict answered(HttpExchange exchange, HttpAnswer answer) {
        exchange.answer(answer);
        return HttpVerdict.ANSWERED;
    }

    static HttpVerdict upperCase(HttpBody body) {
        String text = body.bytes().toString(StandardCharsets.US_ASCII).toUpperCase(Locale.ROOT);
        body.replace(Unpooled.copiedBuffer(text + "!", StandardCharsets.US_ASCII));
        return HttpVerdict.CONTINUE;
    }
}
