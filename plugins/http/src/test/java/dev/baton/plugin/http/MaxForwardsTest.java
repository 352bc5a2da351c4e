package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench.Ends;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** TRACE and OPTIONS count hops (RFC 9110, section 7.6.2), and a TRACE has no content (section 9.3.8). */
@SuppressWarnings("StringConcatToTextBlock") // the line ends are what matters
class MaxForwardsTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

    @ParameterizedTest
    @CsvSource({
        "OPTIONS, 1, 0",
        "OPTIONS, 10, 9",
        "TRACE, 0070, 69",
        "TRACE, 999999999999999999, 999999999999999998",
        "GET, 5, 5",
        "GET, 0, 0",
        "GET, x, x",
        "trace, 0, 0"
    })
    void isOneLessAtTheNextHop(String method, String hops, String left) {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send(method + " / HTTP/1.1\r\nHost: shop\r\nmax-forwards: " + hops + "\r\nA: b\r\n\r\n");
            assertThat(bench.toServer(0)).contains("\r\nmax-forwards: " + left + "\r\nA: b\r\n");
        }
    }

    @ParameterizedTest
    @EnumSource
    void isOneLessOnlyOnceWhereTheRequestIsSentAgain(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.warmUp();
            bench.send("OPTIONS * HTTP/1.1\r\nHost: shop\r\nMax-Forwards: 3\r\n\r\n");
            bench.hangUp(bench.opened.get(0));
            assertThat(bench.toServer(1)).contains("\r\nMax-Forwards: 2\r\n");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "-1", "+1", "1, 2", "1 2", "0x1", "9999999999999999999", "1\r\nMax-Forwards: 1"})
    void isRefusedIfItIsNoNumber(String hops) {
        for (String method : new String[] {"TRACE", "OPTIONS"}) {
            try (Bench bench = new Bench(Ends.TOGETHER)) {
                bench.send(method + " / HTTP/1.1\r\nHost: shop\r\nMax-Forwards: " + hops + "\r\n\r\n");
                assertThat(bench.toClient()).startsWith("HTTP/1.1 400 ").endsWith("malformed Max-Forwards\n");
                assertThat(bench.asked).isEmpty();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aTraceThatMayGoNoFurtherIsReflectedWithoutWhatIsSecret(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send("TRACE /a?b HTTP/1.1\r\nHost: shop\r\nMax-Forwards: 0\r\nCookie: secret\r\nVia: 1.1 a\r\n"
                    + "authorization: secret\r\nProxy-Authorization: secret\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n");
            String reflected = "TRACE /a?b HTTP/1.1\r\nHost: shop\r\nMax-Forwards: 0\r\nVia: 1.1 a\r\n"
                    + "X-Forwarded-For: 10.0.0.1\r\n\r\n";
            assertThat(bench.toClient())
                    .isEqualTo("HTTP/1.1 200 OK\r\nContent-Type: message/http\r\nContent-Length: " + reflected.length()
                            + "\r\n\r\n" + reflected);
            assertThat(bench.asked).isEmpty();
            assertGoesOn(bench);
        }
    }

    @ParameterizedTest
    @EnumSource
    void optionsThatMayGoNoFurtherAreOurs(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            String options = "OPTIONS * HTTP/1.1\r\nHost: shop\r\nMax-Forwards: 00\r\n\r\n";
            String answer = "HTTP/1.1 200 OK\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE\r\n"
                    + "Content-Length: 0\r\n\r\n";
            bench.send(options + options);
            assertThat(bench.toClient()).isEqualTo(answer + answer);
            assertThat(bench.asked).isEmpty();
            assertGoesOn(bench);
        }
    }

    /** Where its content ends is not looked for. */
    @ParameterizedTest
    @EnumSource
    void optionsWithContentThatMayGoNoFurtherAreTheLast(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send("OPTIONS * HTTP/1.1\r\nHost: shop\r\nMax-Forwards: 0\r\nContent-Length: 30\r\n\r\n"
                    + "GET / HTTP/1.1\r\nHost: a\r\n\r\n  ");
            assertThat(bench.toClient()).startsWith("HTTP/1.1 200 OK\r\n").contains("\r\nConnection: close\r\n");
            assertThat(bench.asked).isEmpty();
            bench.pass(2);
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"})
    void aTraceWithContentIsRefused(String content) {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send("TRACE / HTTP/1.1\r\nHost: shop\r\n" + content);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 400 ").endsWith("TRACE with content\n");
            assertThat(bench.asked).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Content-Length: 0\r\n"})
    void aTraceWithoutContentGoesThrough(String field) {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send("TRACE / HTTP/1.1\r\nHost: shop\r\n" + field + "\r\n");
            assertThat(bench.toServer(0)).startsWith("TRACE / HTTP/1.1\r\n");
        }
    }

    private static void assertGoesOn(Bench bench) {
        bench.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
        bench.answer(0, OK);
        assertThat(bench.toClient()).isEqualTo(OK);
    }
}
