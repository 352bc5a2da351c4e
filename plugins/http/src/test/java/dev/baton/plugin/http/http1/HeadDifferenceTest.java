package dev.baton.plugin.http.http1;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.baton.plugin.http.Bench;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.exchange.Downstream;
import dev.baton.plugin.http.exchange.Exchange;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Heads that are right, wrong in one place, in several places, cut, and long. */
class HeadDifferenceTest {
    private static final int LIMIT = 200;
    private static final int ROUNDS = 20_000;

    private static final String[] STARTS = {
        "HTTP/1.1 200 OK",
        "HTTP/1.1 200",
        "HTTP/1.0 204 No Content",
        "HTTP/1.1 304 Not Modified",
        "HTTP/1.1 100 Continue",
        "HTTP/1.1 101 Switching Protocols",
        "HTTP/1.1 299 A  reason of its own\u00e9",
        "HTTP/2.0 200 OK",
        "HTTP/1.1 99 Low",
        "HTTP/1.1 1000 High",
        "HTTP/1.1  200 OK",
        "HTTP/1.1\t200\tOK ",
        "http/1.1 200 OK",
        "\r\nHTTP/1.1 200 OK",
        "SSH-2.0"
    };

    private static final String[] REQUESTS = {
        "GET / HTTP/1.1",
        "POST /a?b HTTP/1.1",
        "HEAD /x HTTP/1.0",
        "CONNECT a.test:443 HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "PROPFIND /dav HTTP/1.1",
        "GET http://b.test/c HTTP/1.1",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET / http/1.1",
        "GET / HTTP/2.0",
        "GET /",
        "GET",
        " GET / HTTP/1.1",
        "GET /\u00e9 HTTP/1.1",
        "\r\nGET / HTTP/1.1",
        "GE\u00e9T / HTTP/1.1"
    };

    private static final String[] LINES = {
        "Date: Tue, 01 Dec 2026 10:00:00 GMT",
        "Server: nginx",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Length: 5",
        "Content-Length: 5, 5",
        "content-length:5",
        "Content-Length : 5",
        "Content-Length x: 5",
        "Content_Length: 7",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Connection: close",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "X-Forwarded-Anything: a",
        "X-Empty:",
        "X-Blanks:  \t a b \t ",
        "X-Latin: \u00e9\u00ff",
        " folded",
        "\tfolded more ",
        "no colon",
        ": no name",
        "X-\u00e9: a",
        "X-Nul: a\0b",
        "X-Tab: a\tb",
        "X-Ctl: a\u0001",
        "X-Del: a\u007f",
        "ETag: \"abc\"",
        "Via: 1.1 b",
        "Set-Cookie: a=b; Path=/",
        "Keep-Alive: timeout=5",
        "X-Long: " + "a".repeat(120)
    };

    private static final String[] PIECES = {
        "\r", "\n", "\r\n", "\r\n\r\n", "\0", " ", "\t", ":", "\u000b", "\u00a0", "\u0085", "HTTP/1.1 200 OK\r\n", "5"
    };

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void shouldReadTheSameOrBeStricter(long seed) {
        Random random = new Random(seed);
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            List<Exchange> asked = asked(bench);
            for (int i = 0; i < ROUNDS; i++) {
                byte[] bytes = changed(head(random), random).getBytes(ISO_8859_1);
                HeadDifference.ofResponse(
                        bytes,
                        LIMIT,
                        asked.get(random.nextInt(asked.size())),
                        left -> 1 + random.nextInt(random.nextBoolean() ? 3 : 40));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {5, 6, 7, 8})
    void shouldReadTheSameRequestsOrBeStricter(long seed) {
        Random random = new Random(seed);
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            Downstream client = bench.client.pipeline().get(RequestReader.class).downstream();
            for (int i = 0; i < ROUNDS; i++) {
                byte[] bytes = changed(request(random), random).getBytes(ISO_8859_1);
                HeadDifference.ofRequest(
                        bytes, LIMIT, client, left -> 1 + random.nextInt(random.nextBoolean() ? 3 : 40));
            }
        }
    }

    /** Whatever comes in one read: a limit counts in the same way. */
    @Test
    void shouldHaveTheSameLimits() {
        for (int length = LIMIT - 10; length < LIMIT + 10; length++) {
            String line = "HTTP/1.1 200 " + "r".repeat(length - 13);
            HeadDifference.ofResponse((line + "\r\n\r\n").getBytes(ISO_8859_1), LIMIT, null, left -> 7);
            String field = "A: " + "b".repeat(length - 3);
            HeadDifference.ofResponse(
                    ("HTTP/1.1 200\r\n" + field + "\r\n\r\n").getBytes(ISO_8859_1), LIMIT, null, left -> 7);
            String two = "A: b\r\nC: " + "d".repeat(length - 7);
            HeadDifference.ofResponse(
                    ("HTTP/1.1 200\r\n" + two + "\r\n\r\n").getBytes(ISO_8859_1), LIMIT, null, left -> 1);
        }
    }

    private static String changed(StringBuilder head, Random random) {
        for (int wrong = random.nextInt(3); wrong > 0; wrong--) {
            int at = random.nextInt(head.length());
            int to = Math.min(head.length(), at + random.nextInt(3));
            head.replace(at, to, PIECES[random.nextInt(PIECES.length)]);
        }
        return head.append("body").toString();
    }

    private static StringBuilder request(Random random) {
        StringBuilder head = new StringBuilder(REQUESTS[random.nextInt(random.nextInt(3) == 0 ? REQUESTS.length : 3)]);
        head.append("\r\n").append(random.nextInt(8) == 0 ? "" : "Host: shop\r\n");
        for (int fields = random.nextInt(6); fields > 0; fields--) {
            head.append(LINES[random.nextInt(LINES.length)]).append("\r\n");
        }
        return head.append("\r\n");
    }

    private static StringBuilder head(Random random) {
        StringBuilder head = new StringBuilder(STARTS[random.nextInt(random.nextInt(3) == 0 ? STARTS.length : 3)]);
        head.append("\r\n");
        for (int fields = random.nextInt(6); fields > 0; fields--) {
            head.append(LINES[random.nextInt(LINES.length)]).append("\r\n");
        }
        return head.append("\r\n");
    }

    private static List<Exchange> asked(Bench bench) {
        Downstream client = bench.client.pipeline().get(RequestReader.class).downstream();
        Exchange get = new Exchange(client, HttpVersion.HTTP_1_1, HttpMethod.GET, "/");
        Exchange head = new Exchange(client, HttpVersion.HTTP_1_1, HttpMethod.HEAD, "/");
        Exchange connect = new Exchange(client, HttpVersion.HTTP_1_1, HttpMethod.CONNECT, "a.test:1");
        Exchange upgrade = new Exchange(client, HttpVersion.HTTP_1_1, HttpMethod.GET, "/");
        upgrade.askForUpgrade("websocket");
        List<Exchange> asked = new ArrayList<>(List.of(get, head, connect, upgrade));
        asked.add(get);
        return asked;
    }
}
