package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.exchange.Refusal;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Request smuggling: whatever another parser could read otherwise is refused, nothing of it reaches a server, and
 * nothing that follows it on the connection is read as a request.
 */
class MalformedRequestTest {
    private static final String HOST = "Host: shop\r\n";
    private static final String SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: shop\r\n\r\n";

    static Stream<Arguments> malformed() {
        return Stream.of(
                // The request line.
                arguments(400, "GET / HTTP/1.1\n" + HOST + "\r\n"),
                arguments(400, "GET /\r\n\r\n"),
                arguments(400, "GET\r\n\r\n"),
                arguments(400, "GET  / HTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET /  HTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET\t/ HTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET /\tHTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET\r/ HTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET /\rHTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET / HTTP/1.1 \r\n" + HOST + "\r\n"),
                arguments(400, "GET / HTTP/1.1\r\r\n" + HOST + "\r\n"),
                arguments(400, " GET / HTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "\u0000GET / HTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET / a HTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET / HTTP/1.1 a\r\n" + HOST + "\r\n"),
                arguments(400, "G{T / HTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET /\u0001 HTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET /\u007f HTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET /\u00e4 HTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET /a#b HTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET a HTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET * HTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET ftp://shop/ HTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET http:///a HTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET http://u@shop/ HTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET / http/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET / HTTP/11\r\n" + HOST + "\r\n"),
                arguments(505, "GET / HTTP/2.0\r\n" + HOST + "\r\n"),
                arguments(505, "GET / HTTP/1.2\r\n" + HOST + "\r\n"),
                arguments(505, "PRI * HTTP/2.0\r\n\r\nS/\r\n\r\n"),
                arguments(501, "CONNECT shop:80 HTTP/1.1\r\n" + HOST + "\r\n"),
                // Fields.
                arguments(400, "GET / HTTP/1.1\r\nHost: shop\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\n" + HOST + "\n"),
                arguments(400, "GET / HTTP/1.1\r\n" + HOST + "A: b\rc\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\n" + HOST + "A: b\r\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\n" + HOST + "A: b\u0000c\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\n" + HOST + "A: b\u000bc\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\n" + HOST + "A : b\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\n" + HOST + "A\t: b\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\n" + HOST + "A\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\n" + HOST + ": b\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\n" + HOST + "A B: c\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\n" + HOST + "\u00c4: c\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\n" + HOST + "A: b\r\n c\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\n" + HOST + "A: b\r\n\tc\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\n" + HOST + "A: b\r\n \r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\n Host: shop\r\n" + HOST + "\r\n"),
                arguments(400, "GET / HTTP/1.1\r\n" + HOST + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
                // Host.
                arguments(400, "GET / HTTP/1.1\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\n" + HOST + HOST + "\r\n"),
                arguments(400, "GET / HTTP/1.1\r\n" + HOST + "host: other\r\n\r\n"),
                arguments(400, "GET / HTTP/1.0\r\n" + HOST + HOST + "\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
                arguments(400, "GET http://shop/ HTTP/1.1\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: a:-1\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: a:4294967376\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: a:80:90\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: :80\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: a%\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: a%4\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: a%4g\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: ::1]\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: []\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: [[::1]]\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: [::1]80\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: [::1]a:80\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: [::1%25eth0]\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: [1.2.3.4]\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: [::g]\r\n\r\n"),
                arguments(400, "GET / HTTP/1.1\r\nHost: a[::1]\r\n\r\n"),
                arguments(400, "GET http://a:80:90/ HTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET http://a:b/ HTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET http://:80/ HTTP/1.1\r\n" + HOST + "\r\n"),
                arguments(400, "GET http://[::1/ HTTP/1.1\r\n" + HOST + "\r\n"),
                // What a program that gets fields as variables takes for a length.
                arguments(400, length("Content_Length: 5") + "hello"),
                arguments(400, length("Transfer_Encoding: chunked") + "0\r\n\r\n"),
                arguments(400, length("Content-Length: 5\r\ncontent_length: 5") + "hello"),
                arguments(400, length("Transfer-Encoding: chunked\r\nTRANSFER_ENCODING: x") + "0\r\n\r\n"),
                // Lengths.
                arguments(400, length("Content-Length: 5\r\nTransfer-Encoding: chunked") + "0\r\n\r\n"),
                arguments(400, length("Transfer-Encoding: chunked\r\nContent-Length: 5") + "0\r\n\r\n"),
                arguments(400, length("Content-Length: 5\r\nTransfer-Encoding: identity") + "hello"),
                arguments(400, length("Content-Length: 5\r\nContent-Length: 5") + "hello"),
                arguments(400, length("Content-Length: 5\r\nContent-Length: 6") + "hello"),
                arguments(400, length("Content-Length: 5, 5") + "hello"),
                arguments(400, length("Content-Length: 5,6") + "hello"),
                arguments(400, length("Content-Length: +5") + "hello"),
                arguments(400, length("Content-Length: -5") + "hello"),
                arguments(400, length("Content-Length: 5 5") + "hello"),
                arguments(400, length("Content-Length: 0x5") + "hello"),
                arguments(400, length("Content-Length: 5.0") + "hello"),
                arguments(400, length("Content-Length:") + "hello"),
                arguments(400, length("Content-Length: \u0665") + "hello"),
                arguments(400, length("Content-Length: 99999999999999999999") + "hello"),
                arguments(400, length("Transfer-Encoding: gzip, chunked") + "0\r\n\r\n"),
                arguments(400, length("Transfer-Encoding: chunked, gzip") + "0\r\n\r\n"),
                arguments(400, length("Transfer-Encoding: gzip") + "hello"),
                arguments(400, length("Transfer-Encoding: chunked, chunked") + "0\r\n\r\n"),
                arguments(400, length("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked") + "0\r\n\r\n"),
                arguments(400, length("Transfer-Encoding: chunked\r\nTransfer-Encoding: x") + "0\r\n\r\n"),
                arguments(400, length("Transfer-Encoding: xchunked") + "0\r\n\r\n"),
                arguments(400, length("Transfer-Encoding: \"chunked\"") + "0\r\n\r\n"),
                arguments(400, length("Transfer-Encoding: chunked;q=1") + "0\r\n\r\n"),
                arguments(400, length("Transfer-Encoding: chunked,") + "0\r\n\r\n"),
                arguments(400, length("Transfer-Encoding:") + "0\r\n\r\n"),
                arguments(400, length("Transfer-Encoding: \u000bchunked") + "0\r\n\r\n"),
                arguments(400, "POST / HTTP/1.0\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                arguments(400, "POST / HTTP/1.0\r\n" + HOST + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello1"),
                // Limits.
                arguments(431, "GET / HTTP/1.1\r\n" + HOST + "A: " + "b".repeat(5000) + "\r\n\r\n"),
                arguments(431, "GET / HTTP/1.1\r\n" + HOST + "A: b\r\n".repeat(1200) + "\r\n"),
                arguments(431, "GET / HTTP/1.1\r\n" + HOST + "A:b\r\n".repeat(260) + "\r\n"),
                arguments(414, "GET /" + "a".repeat(5000) + " HTTP/1.1\r\n" + HOST + "\r\n"));
    }

    private static String length(String fields) {
        return "POST / HTTP/1.1\r\n" + HOST + fields + "\r\n\r\n";
    }

    @ParameterizedTest
    @MethodSource("malformed")
    void isRefusedAndTheConnectionEnds(int status, String request) {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send(request + SMUGGLED);
            assertThat(bench.toClient())
                    .startsWith("HTTP/1.1 " + status + " ")
                    .contains("Connection: close\r\n")
                    .containsOnlyOnce("HTTP/1.1");
            assertThat(bench.asked).isEmpty();
            assertThat(bench.client.isOutputShutdown()).isTrue();
            bench.send(SMUGGLED);
            assertThat(bench.toClient()).isEmpty();
            assertThat(bench.asked).isEmpty();
            bench.pass(2);
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource("malformed")
    void isRefusedHoweverItsBytesAreCut(int status, String request) {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 5; round++) {
            try (Bench bench = new Bench(Ends.TOGETHER)) {
                Cuts.send(bench, request, random);
                assertThat(bench.toClient())
                        .as("seed %d", seed)
                        .startsWith("HTTP/1.1 " + status + " ")
                        .containsOnlyOnce("HTTP/1.1");
                assertThat(bench.asked).isEmpty();
            }
        }
    }

    static Stream<String> malformedChunks() {
        return Stream.of(
                "x\r\n",
                "\r\n",
                " 5\r\nhello\r\n",
                "5 \r\nhello\r\n",
                "5\t\r\nhello\r\n",
                "5\nhello\r\n",
                "5\r\r\nhello\r\n",
                "5 x\r\nhello\r\n",
                "5x\r\nhello\r\n",
                "0x5\r\nhello\r\n",
                "-5\r\nhello\r\n",
                "+5\r\nhello\r\n",
                "5,\r\nhello\r\n",
                "5;a\rb\r\nhello\r\n",
                "5;a\nhello\r\n",
                "5;a=\u0000\r\nhello\r\n",
                "5;\r\nhello\r\n",
                "5;;a\r\nhello\r\n",
                "5;a \r\nhello\r\n",
                "5;a b\r\nhello\r\n",
                "5;a=\r\nhello\r\n",
                "5;=a\r\nhello\r\n",
                "5;a=b=c\r\nhello\r\n",
                "5;a=\"\r\nhello\r\n",
                "5;a=\"b\r\nhello\r\n",
                "5;a=\"b\\\"\r\nhello\r\n",
                "5;a=\"b\\\r\nhello\r\n",
                "5;a=\"b\"c\r\nhello\r\n",
                "5;a=b\"c\"\r\nhello\r\n",
                "5;a=\"\u0001\"\r\nhello\r\n",
                "5;a=\"\\\u0001\"\r\nhello\r\n",
                "5;\"a\"\r\nhello\r\n",
                "5;\u00e4\r\nhello\r\n",
                "1000000000000000\r\n",
                "ffffffffffffffffffff\r\n",
                "5;" + "a".repeat(2000) + "\r\n",
                "5\r\nhelloX\r\n",
                "5\r\nhello\n",
                "5\r\nhello\r0\r\n",
                "5\r\nhello0\r\n\r\n",
                "0\r\nA : b\r\n\r\n",
                "0\r\nA\r\n\r\n",
                "0\r\n: b\r\n\r\n",
                "0\r\n A: b\r\n\r\n",
                "0\r\nA: b\r\n c\r\n\r\n",
                "0\r\nA: b\rc\r\n\r\n",
                "0\r\nA: b\n\r\n",
                "0\r\n\n",
                "0\n\r\n",
                "0\r\nA: " + "b".repeat(5000) + "\r\n\r\n",
                "0\r\n" + "A:b\r\n".repeat(300) + "\r\n");
    }

    @ParameterizedTest
    @MethodSource("malformedChunks")
    void aMalformedChunkEndsBothConnections(String chunks) {
        for (Ends ends : Ends.values()) {
            try (Bench bench = new Bench(ends)) {
                bench.send(length("Transfer-Encoding: chunked"));
                bench.toServer(0);
                bench.send(chunks + SMUGGLED);
                assertThat(bench.toClient())
                        .startsWith("HTTP/1.1 400 ")
                        .contains("Connection: close\r\n")
                        .containsOnlyOnce("HTTP/1.1");
                assertThat(bench.opened.get(0).isOpen()).isFalse();
                assertThat(bench.toServer(0)).doesNotContain("0\r\n\r\n").doesNotContain("smuggled");
                assertThat(bench.opened).hasSize(1);
                assertThat(bench.refusals(Refusal.BAD_CHUNK)).isEqualTo(1);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "5;a",
                "5 ; a",
                "5;a=b",
                "5\t; a\t=\tb;c ;d=\"\"",
                "5;a=\"b \t\u00e4;=\\\"\\\\\"",
                "5;a=\"\";b=\"c\"",
                "5;a=';b=!#$%&*+-.^_`|~9Z"
            })
    void whatMayFollowAChunkSizeIsLeftOut(String line) {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send(length("Transfer-Encoding: chunked") + line + "\r\nhello\r\n0\r\n\r\n");
            assertThat(bench.toServer(0)).endsWith("\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "a:",
                "a:0",
                "a:65535",
                "1.2.3.4:80",
                "[::1]",
                "[::1]:80",
                "[2001:DB8::1:2]:",
                "[::ffff:1.2.3.4]",
                "a_b.c~d",
                "a%2f%2F",
                "a!$&'()*+;=b"
            })
    void aHostMayBe(String host) {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
            assertThat(bench.toServer(0)).startsWith("GET / HTTP/1.1\r\nHost: " + host + "\r\n");
        }
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send("GET http://" + host + "/ HTTP/1.1\r\nHost: other\r\n\r\n");
            assertThat(bench.toServer(0)).startsWith("GET / HTTP/1.1\r\nHost: " + host + "\r\n");
        }
    }

    @Test
    void aHostMayBeEmpty() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send("GET / HTTP/1.1\r\nHost:\r\n\r\n");
            assertThat(bench.toServer(0)).startsWith("GET / HTTP/1.1\r\nHost: \r\n");
        }
    }

    @Test
    void emptyLinesBeforeARequestAreIgnored() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send("\r\n\r\nGET / HTTP/1.1\r\n" + HOST + "\r\n");
            assertThat(bench.toServer(0)).startsWith("GET / HTTP/1.1\r\n");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Length: 5\r\nTransfer-Encoding: chunked",
                "Content-Length: 5\r\nContent-Length: 5",
                "Content-Length: 5, 6",
                "Content-Length: -5",
                "Content_Length: 5",
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"
            })
    void countsALengthThatIsSaidInTwoWaysAsOne(String fields) {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send(length(fields) + "0\r\n\r\n");
            assertThat(bench.toClient()).endsWith("ambiguous message length\n");
            assertThat(bench.refusals(Refusal.AMBIGUOUS_LENGTH)).isEqualTo(1);
            assertThat(bench.refusals(Refusal.MALFORMED_REQUEST)).isZero();
        }
    }

    @Test
    void countsEachRefusalByItsReason() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send("GET / HTTP/1.1\r\n\r\n");
            assertThat(bench.refusals(Refusal.BAD_HOST)).isEqualTo(1);
            assertThat(bench.count("baton_http_requests_total", "service", "shop"))
                    .isZero();
        }
    }
}
