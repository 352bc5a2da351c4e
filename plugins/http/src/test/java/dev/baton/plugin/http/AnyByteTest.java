package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench.Ends;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Each byte that could matter at every place of a message, put in and in place of what stands there: whatever the proxy
 * makes of it, what it sends on can be read in one way only. It is refused, or it is what a strict grammar calls one
 * message.
 */
class AnyByteTest {
    /** Controls, blanks in somebody's eyes, separators, digits and letters, and bytes above ASCII. */
    private static final String OCTETS =
            "\u0000\u0001\b\t\n\u000b\f\r\u001c\u001f \"#+,-0:;=_a{\u007f\u0080\u0085\u00a0\u00ff";

    private static final String TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
    private static final String VALUE = "(?:[!-~\u0080-\u00ff](?:[\t -~\u0080-\u00ff]*[!-~\u0080-\u00ff])?)?";
    private static final String FIELDS = "((?:" + TOKEN + ": " + VALUE + "\r\n)*)\r\n";
    private static final Pattern REQUEST =
            Pattern.compile(TOKEN + " (?:/[!-\"$-~]*|\\*) HTTP/1\\.1\r\n" + FIELDS, Pattern.DOTALL);
    private static final Pattern ANSWER =
            Pattern.compile("HTTP/1\\.1 [1-9][0-9][0-9] [\t -~\u0080-\u00ff]*\r\n" + FIELDS, Pattern.DOTALL);
    private static final Pattern LENGTH = Pattern.compile("(?imd)^Content-Length: (.*)\r$");
    private static final Pattern CODING = Pattern.compile("(?imd)^Transfer-Encoding: (.*)\r$");
    private static final Pattern HOST = Pattern.compile("(?imd)^Host: (.*)\r$");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET /a HTTP/1.1\r\nHost: b\r\nC: d e\r\n\r\n",
                "PUT / HTTP/1.1\r\nHost: b\r\nContent-Length: 3\r\n\r\nabc",
                "PUT / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nD: e\r\n\r\n",
                "GET http://h:1/ HTTP/1.0\r\nConnection: c, close\r\nC:d\r\n\r\n"
            })
    void ofARequest(String request) {
        for (String changed : changes(request)) {
            try (Bench bench = new Bench(Ends.TOGETHER)) {
                bench.send(changed);
                if (!bench.opened.isEmpty()) {
                    assertOne(REQUEST, bench.toServer(0), changed);
                }
                String answer = bench.toClient();
                if (!answer.isEmpty()) {
                    assertThat(answer).as(changed).matches("(?s)HTTP/1\\.1 [45].*");
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\nA: b c\r\nContent-Length: 3\r\n\r\nabc",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nD: e\r\n\r\n",
                "HTTP/1.0 200 O K\r\nConnection: keep-alive\r\nContent-Length:0\r\n\r\n",
                "HTTP/1.1 103 E\r\nA: b\r\n\r\nHTTP/1.1 204 N\r\n\r\n"
            })
    void ofAnAnswer(String answer) {
        for (String changed : changes(answer)) {
            try (Bench bench = new Bench(Ends.TOGETHER)) {
                bench.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
                bench.answer(0, changed);
                bench.hangUp(bench.opened.get(0));
                String out = bench.toClient();
                while (out.startsWith("HTTP/1.1 1")) {
                    int end = out.indexOf("\r\n\r\n") + 4;
                    assertOne(ANSWER, out.substring(0, end), changed);
                    out = out.substring(end);
                }
                if (!out.isEmpty()) {
                    assertOne(ANSWER, out, changed);
                }
            }
        }
    }

    private static List<String> changes(String message) {
        List<String> changes = new ArrayList<>();
        for (int at = 0; at <= message.length(); at++) {
            for (int i = 0; i < OCTETS.length(); i++) {
                char octet = OCTETS.charAt(i);
                changes.add(message.substring(0, at) + octet + message.substring(at));
                if (at < message.length() && octet <= ':') {
                    changes.add(message.substring(0, at) + octet + message.substring(at + 1));
                }
            }
        }
        return changes;
    }

    /** One message and nothing behind it that could be the beginning of another; it may lack the end of its body. */
    private static void assertOne(Pattern grammar, String out, String of) {
        Matcher matcher = grammar.matcher(out);
        assertThat(matcher.lookingAt()).as("%s\nmade of\n%s", out, of).isTrue();
        String fields = matcher.group(1);
        List<String> lengths = all(LENGTH, fields);
        List<String> codings = all(CODING, fields);
        assertThat(lengths.size() + codings.size()).as(of).isLessThanOrEqualTo(1);
        assertThat(lengths).as(of).allMatch(length -> length.matches("[0-9]+"));
        assertThat(codings).as(of).allMatch(coding -> coding.equals("chunked"));
        String body = out.substring(matcher.end());
        if (!codings.isEmpty()) {
            assertThat(body)
                    .as(of)
                    .matches("(?s)(?:[0-9a-f]+\r\n.*\r\n)*(?:0\r\n(?:" + TOKEN + ": " + VALUE + "\r\n)*\r\n)?");
        } else {
            assertThat(body.length())
                    .as(of)
                    .isLessThanOrEqualTo(lengths.isEmpty() ? 0 : Integer.parseInt(lengths.get(0)));
        }
        if (grammar == REQUEST) {
            assertThat(all(HOST, fields)).as(of).hasSize(1);
        }
    }

    private static List<String> all(Pattern pattern, String text) {
        return pattern.matcher(text).results().map(found -> found.group(1)).toList();
    }
}
