package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench.Ends;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the proxy itself says to a client: dated, and without content if a HEAD asked for it. */
class OwnAnswersTest {
    private static final String GET = "GET / HTTP/1.1\r\nHost: shop\r\n\r\n";
    private static final String HEAD = "HEAD / HTTP/1.1\r\nHost: shop\r\n\r\n";
    private static final String ONE_DATE = "(?s)HTTP/1\\.1 \\d\\d\\d [^\r]*\r\n(?:(?!Date:)[^\r]+\r\n)*(?:" + Bench.DATE
            + ")(?:(?!Date:)[^\r]+\r\n)*\r\n.*";

    @ParameterizedTest
    @EnumSource
    void areDated(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.refuseWith = new java.net.ConnectException("no");
            bench.send(GET);
            assertThat(bench.out(bench.client)).startsWith("HTTP/1.1 502 ").matches(ONE_DATE);
            bench.send("GET / HTTP/1.1\r\n\r\n");
            assertThat(bench.out(bench.client)).startsWith("HTTP/1.1 400 ").matches(ONE_DATE);
        }
    }

    /** RFC 9110, section 6.6.1: also the answer of a server that has no clock. */
    @ParameterizedTest
    @EnumSource
    void anAnswerWithoutADateGetsOne(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
            String answer = bench.out(bench.client);
            assertThat(answer).startsWith("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nDate: ");
            Matcher date = Pattern.compile("Date: (.*)\r\n").matcher(answer);
            assertThat(date.find()).isTrue();
            assertThat(ZonedDateTime.parse(date.group(1), DateTimeFormatter.RFC_1123_DATE_TIME)
                            .toInstant())
                    .isBetween(
                            java.time.Instant.now().minusSeconds(60),
                            java.time.Instant.now().plusSeconds(1));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "dATE: yesterday\r\n", "Date: a\r\nDate: b\r\n"})
    void aDateOfTheServersStays(String dates) {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 204 No Content\r\n" + dates + "\r\n");
            assertThat(bench.out(bench.client)).isEqualTo("HTTP/1.1 204 No Content\r\n" + dates + "\r\n");
        }
    }

    @Test
    void aDateThatEndsAtTheServersHopIsReplaced() {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 204 No Content\r\nConnection: date\r\nDate: yesterday\r\n\r\n");
            assertThat(bench.out(bench.client)).doesNotContain("yesterday").matches(ONE_DATE);
        }
    }

    /** RFC 9110, section 9.3.2. The client would take the content for the beginning of the next answer. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "HEAD / HTTP/1.1\r\n\r\n",
                "HEAD / HTTP/1.1\r\nA : b\r\n\r\n",
                "HEAD / HTTP/1.1\r\nHost: shop\r\nA: b\r\n c\r\n\r\n",
                "HEAD / HTTP/3.1\r\nHost: shop\r\n\r\n",
                "HEAD  / HTTP/1.1\r\nHost: shop\r\n\r\n",
                "HEAD /\r\n\r\n",
                "\r\nHEAD ftp:// HTTP/1.1\r\nHost: shop\r\n\r\n",
                "HEAD / HTTP/1.1\r\nHost: shop\r\nContent-Length: x\r\n\r\n",
                "HEAD / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"
            })
    void toAHeadHaveNoContent(String request) {
        for (int piece : new int[] {1, 7, request.length()}) {
            try (Bench bench = new Bench(Ends.TOGETHER)) {
                for (int from = 0; from < request.length(); from += piece) {
                    bench.send(request.substring(from, Math.min(request.length(), from + piece)));
                }
                assertThat(bench.toClient())
                        .matches("(?s)HTTP/1\\.1 [45]\\d\\d .*\r\nContent-Length: [1-9]\\d*\r\n.*")
                        .endsWith("\r\n\r\n");
            }
        }
    }

    @Test
    void toALongHeadHaveNoContent() {
        for (String head : new String[] {
            "HEAD /" + "a".repeat(5000) + " HTTP/1.1\r\n\r\n", "HEAD / HTTP/1.1\r\nA: " + "b".repeat(5000) + "\r\n\r\n"
        }) {
            try (Bench bench = new Bench(Ends.TOGETHER)) {
                bench.send(head);
                assertThat(bench.toClient()).startsWith("HTTP/1.1 4").endsWith("\r\n\r\n");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"HEAD / HT", "HEAD / HTTP/1.1\r\nHo", "HEAD / HTTP/1.1\r\nHost: shop\r\n"})
    void toAHeadThatDoesNotEndHaveNoContent(String begun) {
        try (Bench bench = new Bench(Ends.TOGETHER)) {
            bench.send(begun);
            bench.pass(11);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 408 ").endsWith("\r\n\r\n");
        }
    }

    @ParameterizedTest
    @EnumSource
    void forAServerHaveNoContentWhereAHeadAsked(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(HEAD);
            bench.answer(0, "nonsense\r\n\r\n");
            assertThat(bench.toClient()).startsWith("HTTP/1.1 502 ").endsWith("\r\n\r\n");
            bench.send("GET / HTTP/1.1\r\n\r\n");
            assertThat(bench.toClient()).startsWith("HTTP/1.1 400 ").endsWith("missing or malformed Host\n");
        }
    }

    /** What a server sends behind an answer that has no body belongs to nothing, least of all to the next request. */
    @ParameterizedTest
    @EnumSource
    void contentBehindAnAnswerWithoutAnyIsNotTheNextAnswer(Ends ends) {
        String more = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
        for (String head : new String[] {
            "HEAD|HTTP/1.1 200 OK\r\nContent-Length: " + more.length() + "\r\n\r\n",
            "HEAD|HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET|HTTP/1.1 304 Not Modified\r\nContent-Length: " + more.length() + "\r\n\r\n",
            "GET|HTTP/1.1 204 No Content\r\nContent-Length: " + more.length() + "\r\n\r\n"
        }) {
            String method = head.substring(0, head.indexOf('|'));
            String answer = head.substring(head.indexOf('|') + 1);
            for (boolean later : new boolean[] {false, true}) {
                try (Bench bench = new Bench(ends)) {
                    bench.send(method + " / HTTP/1.1\r\nHost: shop\r\n\r\n");
                    if (later) {
                        bench.answer(0, answer);
                        assertThat(bench.idle).hasSize(1);
                        bench.answer(0, more);
                    } else {
                        bench.answer(0, answer + more);
                    }
                    assertThat(bench.opened.get(0).isOpen()).as(head).isFalse();
                    assertThat(bench.toClient()).endsWith("\r\n\r\n").doesNotContain("evil");
                    bench.idle.removeIf(connection -> !connection.isOpen());
                    bench.send(GET);
                    bench.answer(1, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
                    assertThat(bench.toClient()).endsWith("hello");
                }
            }
        }
    }
}
