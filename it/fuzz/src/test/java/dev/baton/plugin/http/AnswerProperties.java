package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.FuzzProxy.Answer;
import dev.baton.plugin.http.FuzzProxy.Asker;
import dev.baton.plugin.http.RequestProperties.Change;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/**
 * Answers that are valid arrive whole; with a piece replaced the client gets what the strict parser sees, or sees that
 * it is none.
 */
class AnswerProperties {
    private static final String[] PIECES = {
        "\r",
        "\n",
        "\r\n",
        "\r\n\r\n",
        "\0",
        " ",
        "\t",
        ":",
        ";",
        ",",
        "0",
        "-1",
        "+1",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Content-Length: 3\r\n",
        "Content-Length: 4\r\n",
        "Content-Length: 3,3\r\n",
        "Content_Length: 4\r\n",
        "X_Forwarded_For: a\r\n",
        ";a=\"",
        "Connection: close\r\n",
        "Connection: Content-Length\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.0",
        "HTTP/1.1 100 C\r\n\r\n",
        "HTTP/1.1 101 S\r\n\r\n",
        "204",
        "304",
        "0\r\n\r\n",
        "3\r\nabc\r\n",
        " folded\r\n",
        "\u0085",
        "\u00ff",
        "0000000000000000003\r\n"
    };

    @Provide
    Arbitrary<String> answers() {
        Arbitrary<String> before =
                Arbitraries.of("", "", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 E\r\nLink: a\r\n\r\n");
        Arbitrary<String> status = Arbitraries.of("200 OK", "404 ", "206", "500 In \u00fc", "302 Found");
        Arbitrary<String> fields = Arbitraries.of(
                        "Server: s\r\n",
                        "X:\r\n",
                        "Connection: X\r\n",
                        "Keep-Alive: 5\r\n",
                        "Set-Cookie: a\r\n",
                        "Set-Cookie: b\r\n")
                .list()
                .ofMaxSize(4)
                .map(all -> String.join("", all));
        Arbitrary<String> body = Arbitraries.of(
                "Content-Length: 0\r\n\r\n",
                "Content-Length: 3\r\n\r\nabc",
                "Content-Length: 19\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\na;x\r\n0\r\n\r\n12345\r\n0\r\nT: u\r\n\r\n",
                "\r\nuntil the end");
        return Combinators.combine(before, status, fields, body)
                .as((first, s, f, b) -> first + "HTTP/1.1 " + s + "\r\n" + f + b);
    }

    @Property
    void aValidAnswerArrivesWhole(@ForAll("answers") String bytes, @ForAll boolean http10, @ForAll long cuts) {
        Asker asker = http10 ? Asker.GET10 : Asker.GET11;
        Answer got = FuzzProxy.answer(bytes, asker, Ends.TOGETHER, left -> left);
        assertThat(got.whole()).as(bytes).isTrue();
        assertThat(got.statuses()).as(bytes).doesNotContain("502");
        for (Ends ends : Ends.values()) {
            assertThat(FuzzProxy.answer(bytes, asker, ends, RequestProperties.cut(new Random(cuts))))
                    .as(bytes)
                    .isEqualTo(got);
        }
    }

    @Property
    void aChangedAnswerIsNotTakenForAnother(
            @ForAll("answers") String answer,
            @ForAll("changes") List<Change> changes,
            @ForAll Asker asker,
            @ForAll long cuts) {
        String bytes = answer;
        for (Change change : changes) {
            bytes = change.in(bytes);
        }
        FuzzProxy.answer(bytes, asker, Ends.TOGETHER, left -> left);
        for (Ends ends : Ends.values()) {
            FuzzProxy.answer(bytes, asker, ends, RequestProperties.cut(new Random(cuts)));
        }
    }

    @Provide
    Arbitrary<List<Change>> changes() {
        return RequestProperties.changesOf(PIECES);
    }

    /** An answer that its server cuts short is not whole for the client either, wherever that happens. */
    @Property
    void anAnswerCutShortIsNotWhole(@ForAll("answers") String answer, @ForAll int at, @ForAll Asker asker) {
        FuzzProxy.answer(answer.substring(0, Math.floorMod(at, answer.length())), asker, Ends.TOGETHER, left -> left);
    }
}
