package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.FuzzProxy.Requests;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/**
 * Requests that are valid all arrive; with a piece of one replaced they arrive as the strict parser sees them, or not.
 */
class RequestProperties {
    /** What has been used to make two parsers disagree. */
    private static final String[] PIECES = {
        "\r",
        "\n",
        "\r\n",
        "\r\n\r\n",
        "\0",
        " ",
        "\t",
        "\u000b",
        "\u00a0",
        ":",
        ";",
        ",",
        "0",
        "-",
        "+1",
        "0x",
        "_",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding:\u000bchunked\r\n",
        " Transfer-Encoding: chunked\r\n",
        "Content-Length: 3\r\n",
        "Content-Length: 3, 3\r\n",
        "Content-Length: +3\r\n",
        "Content-Length : 3\r\n",
        "Content_Length: 3\r\n",
        "Transfer_Encoding: chunked\r\n",
        "X_Forwarded_For: 10.0.0.2\r\n",
        "HTTP2-Settings: x\r\n",
        "TE: trailers\r\n",
        "Max-Forwards: 0\r\n",
        "Max-Forwards: 7\r\n",
        "TRACE",
        "OPTIONS",
        "[",
        "]",
        "%",
        "\"",
        "\\",
        ":80",
        "Connection: Content-Length\r\n",
        "Connection: Host, X\r\n",
        "Connection: close\r\n",
        "Host: other\r\n",
        "Expect: 100-continue\r\n",
        "Upgrade: h2c\r\n",
        "GET /in HTTP/1.1\r\nHost: in\r\n\r\n",
        "0\r\n\r\n",
        "3\r\nabc\r\n",
        "HTTP/1.0",
        "http://h/",
        "*",
        "CONNECT",
        "HEAD",
        "\u0080",
        "\u00ff",
        "chunked",
        "fffffffffffffffff\r\n"
    };

    @Provide
    Arbitrary<String> fields() {
        return Arbitraries.of(
                        "Accept: */*\r\n",
                        "X: \r\n",
                        "X:y\r\n",
                        "X: \t a b \t\r\n",
                        "Connection: keep-alive, x\r\n",
                        "Connection: X , TE\r\n",
                        "TE: trailers\r\n",
                        "TE: gzip\r\n",
                        "Connection: T\r\n",
                        "HTTP2-Settings: AAMAAABkAAQAAP__\r\n",
                        "X_Forwarded_For: 10.0.0.2\r\n",
                        "x_forwarded-proto: https\r\n",
                        "Keep_Alive: timeout=5\r\n",
                        "X_Other: y\r\n",
                        "X-Forwarded-For: 10.0.0.1\r\n",
                        "X-Forwarded-Host: h\r\n",
                        "Cookie: \u00e4=\u00ff\r\n",
                        "Proxy: evil\r\n",
                        "Keep-Alive: timeout=5\r\n")
                .list()
                .ofMaxSize(5)
                .map(all -> String.join("", all));
    }

    @Provide
    Arbitrary<String> requests() {
        Arbitrary<String> method = Arbitraries.of("GET", "PUT", "POST", "HEAD", "OPTIONS", "DELETE", "PATCH");
        Arbitrary<String> target = Arbitraries.of(
                "/", "/a?b=c", "http://h:1/x", "HTTP://h", "http://h?q", "http://[::1]:80/", "/%00/\"<>", "//");
        Arbitrary<String> body = Arbitraries.of(
                "\r\n",
                "Content-Length: 0\r\n\r\n",
                "Content-Length: 03\r\n\r\nabc",
                "Content-Length: 35\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: s\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n00\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\nA;n=\"v;\\\"\"\r\n0\r\n\r\nGET /\r\n1 ; x\r\n \r\n0;e\r\nT: u\r\nHost: t\r\n\r\n");
        return Combinators.combine(method, target, fields(), body, Arbitraries.of("", "\r\n"))
                .as((m, t, f, b, empty) -> empty + m + " " + t + " HTTP/1.1\r\nHost: shop\r\n" + f + b);
    }

    @Property
    void validRequestsAllArrive(@ForAll("streams") List<String> requests, @ForAll long cuts) {
        String bytes = String.join("", requests);
        Requests got = FuzzProxy.requests(bytes, Ends.TOGETHER, left -> left);
        assertThat(got.forwarded()).as(bytes).hasSize(requests.size());
        assertThat(got.statuses()).as(bytes).hasSize(requests.size()).containsOnly("200");
        for (Ends ends : Ends.values()) {
            assertThat(FuzzProxy.requests(bytes, ends, cut(new Random(cuts))))
                    .as(bytes)
                    .isEqualTo(got);
        }
    }

    @Provide
    Arbitrary<List<String>> streams() {
        return requests().list().ofMinSize(1).ofMaxSize(4);
    }

    @Property
    void changedRequestsArriveAsTheyAreReadOrNot(
            @ForAll("streams") List<String> requests, @ForAll("changes") List<Change> changes, @ForAll long cuts) {
        String bytes = String.join("", requests);
        for (Change change : changes) {
            bytes = change.in(bytes);
        }
        Requests got = FuzzProxy.requests(bytes, Ends.TOGETHER, left -> left);
        for (Ends ends : Ends.values()) {
            assertThat(FuzzProxy.requests(bytes, ends, cut(new Random(cuts))))
                    .as(bytes)
                    .isEqualTo(got);
        }
    }

    /** A piece put in at some place, instead of some bytes that stood there. */
    record Change(int place, int removed, String piece) {
        String in(String bytes) {
            int at = Math.floorMod(place, bytes.length() + 1);
            return bytes.substring(0, at) + piece + bytes.substring(Math.min(bytes.length(), at + removed));
        }
    }

    @Provide
    Arbitrary<List<Change>> changes() {
        return changesOf(PIECES);
    }

    static Arbitrary<List<Change>> changesOf(String... pieces) {
        return Combinators.combine(
                        Arbitraries.integers(),
                        Arbitraries.of(0, 0, 0, 1, 2, 5),
                        Arbitraries.oneOf(
                                Arbitraries.of(pieces),
                                Arbitraries.chars().range('\0', '\u00ff').map(String::valueOf)))
                .as(Change::new)
                .list()
                .ofMinSize(1)
                .ofMaxSize(3);
    }

    /** Mostly a few bytes, now and then many. */
    static java.util.function.IntUnaryOperator cut(Random random) {
        return left -> Math.min(left, 1 + random.nextInt(random.nextInt(4) == 0 ? left : Math.min(left, 8)));
    }
}
