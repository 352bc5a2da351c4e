package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.fuzz.FuzzParser;
import dev.baton.fuzz.FuzzParser.Message;
import dev.baton.fuzz.FuzzParser.Parsed;
import dev.baton.fuzz.FuzzParser.Rest;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.FuzzExpected.Essence;
import dev.baton.testkit.EmbeddedConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntUnaryOperator;

/** Sends bytes through a proxy and checks what comes out of it: everything here holds for all bytes there are. */
final class FuzzProxy {
    private FuzzProxy() {}

    // --------------------------------------------------------------------------------------------------- requests

    /** What came of a client's bytes, for comparison: it must not depend on how they were cut. */
    record Requests(List<Essence> forwarded, List<String> statuses) {}

    /**
     * A client sends bytes, a server answers each request that has arrived.
     *
     * @param cut how long the next piece is, of what is left
     */
    static Requests requests(String bytes, Ends ends, IntUnaryOperator cut) {
        List<Message> forwarded = new ArrayList<>();
        List<StringBuilder> streams = new ArrayList<>();
        StringBuilder toClient = new StringBuilder();
        boolean open;
        try (Bench bench = new Bench(ends)) {
            for (int from = 0, to; from < bytes.length() && bench.client.isOpen(); from = to) {
                to = from + cut.applyAsInt(bytes.length() - from);
                bench.send(bytes.substring(from, to));
                serve(bench, streams, forwarded);
                toClient.append(bench.toClient());
            }
            open = bench.client.isOpen();
        }
        check(bytes, forwarded, streams, toClient.toString(), open);
        List<String> methods = FuzzParser.requests(bytes).methods();
        List<Message> answers =
                FuzzParser.answers(toClient.toString(), methods, true).whole();
        return new Requests(
                forwarded.stream().map(FuzzExpected::forwarded).toList(),
                answers.stream().map(Message::word).toList());
    }

    private static void serve(Bench bench, List<StringBuilder> streams, List<Message> forwarded) {
        boolean progress = true;
        while (progress) {
            progress = false;
            for (int i = 0; i < bench.opened.size(); i++) {
                if (i == streams.size()) {
                    streams.add(new StringBuilder());
                }
                StringBuilder stream = streams.get(i).append(bench.toServer(i));
                Parsed parsed = FuzzParser.requests(stream.toString());
                assertThat(parsed.rest()).as("the server gets:\n%s", stream).isNotEqualTo(Rest.WRONG);
                assertThat(parsed.whole().size())
                        .as("answered one at a time:\n%s", stream)
                        .isLessThan(2);
                for (Message request : parsed.whole()) {
                    forwarded.add(request);
                    stream.setLength(0);
                    String head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
                    bench.answer(i, request.word().equals("HEAD") ? head : head + "ok");
                    progress = true;
                }
            }
        }
    }

    private static void check(
            String bytes, List<Message> forwarded, List<StringBuilder> streams, String toClient, boolean open) {
        Parsed sent = FuzzParser.requests(bytes);
        List<Message> whole = sent.whole();
        int answered = 0; // of those, each by a server or by the proxy itself
        int i = 0;
        boolean close = false;
        while (!close
                && answered < whole.size()
                && (i < forwarded.size() || whole.get(answered).endsHere())) {
            Message request = whole.get(answered++);
            if (!request.endsHere()) {
                assertThat(FuzzExpected.forwarded(forwarded.get(i)))
                        .as("request %d of\n%s", i, bytes)
                        .isEqualTo(FuzzExpected.request(request));
                i++;
            }
            close = !FuzzExpected.keepsAlive(request)
                    || (request.endsHere() && !request.body().isEmpty());
        }
        assertThat(i).as("requests made of\n%s", bytes).isEqualTo(forwarded.size());
        List<StringBuilder> begun = streams.stream().filter(s -> !s.isEmpty()).toList();
        assertThat(begun).as("begun, of\n%s", bytes).hasSizeLessThanOrEqualTo(1);
        if (!begun.isEmpty()) {
            checkBegun(bytes, answered, sent, begun.get(0).toString());
        }
        Parsed answers = FuzzParser.answers(toClient, sent.methods(), !open);
        assertThat(answers.rest()).as("the client gets\n%s", toClient).isEqualTo(Rest.NOTHING);
        int refusals = answers.whole().size() - answered;
        assertThat(refusals).as("refusals to\n%s", bytes).isBetween(0, close ? 0 : 1);
        if (refusals == 1) {
            assertThat(answers.whole().get(answered).word()).matches("[45]..");
        } else if (!close) {
            assertThat(answered).as("requests lost of\n%s", bytes).isEqualTo(whole.size());
        }
    }

    /** Of a request that is not whole the server may have the head and some of the body, of the right request. */
    private static void checkBegun(String bytes, int whole, Parsed sent, String begun) {
        Parsed parsed = FuzzParser.requests(begun);
        assertThat(parsed.partial()).as("the server gets\n%s", begun).hasSize(1);
        List<Message> candidates = new ArrayList<>(sent.whole());
        candidates.addAll(sent.partial());
        assertThat(candidates.size()).as("requests in\n%s", bytes).isGreaterThan(whole);
        Essence expected = FuzzExpected.request(candidates.get(whole));
        Essence got = FuzzExpected.forwarded(parsed.partial().get(0));
        assertThat(expected.body()).as(bytes).startsWith(got.body());
        assertThat(got.trailers()).as(bytes).isEmpty();
        assertThat(got)
                .as(bytes)
                .isEqualTo(new Essence(
                        expected.word(),
                        expected.target(),
                        expected.host(),
                        expected.forwardedFor(),
                        expected.fields(),
                        got.body(),
                        expected.chunked(),
                        List.of()));
    }

    // --------------------------------------------------------------------------------------------------- answers

    /** Who asks. */
    enum Asker {
        GET11("GET", "1.1"),
        HEAD11("HEAD", "1.1"),
        GET10("GET", "1.0");

        final String method;
        final String version;

        Asker(String method, String version) {
            this.method = method;
            this.version = version;
        }
    }

    /** What a client got, for comparison. */
    record Answer(List<String> statuses, String body, boolean whole) {}

    /** A client asks, a server sends bytes and hangs up. */
    static Answer answer(String bytes, Asker asker, Ends ends, IntUnaryOperator cut) {
        StringBuilder toClient = new StringBuilder();
        boolean idle;
        try (Bench bench = new Bench(ends)) {
            bench.send(asker.method + " / HTTP/" + asker.version + "\r\nHost: shop\r\nConnection: keep-alive\r\n\r\n");
            EmbeddedConnection server = bench.opened.get(0);
            for (int from = 0, to; from < bytes.length() && server.isOpen(); from = to) {
                to = from + cut.applyAsInt(bytes.length() - from);
                bench.answer(0, bytes.substring(from, to));
                toClient.append(bench.toClient());
            }
            idle = server.isOpen() && bench.idle.contains(server);
            bench.hangUp(server);
            toClient.append(bench.toClient());
            assertThat(bench.opened).as("asked again, after\n%s", bytes).hasSize(1);
        }
        return check(bytes, asker, toClient.toString(), idle);
    }

    private static Answer check(String bytes, Asker asker, String toClient, boolean idle) {
        Parsed sent = FuzzParser.answers(bytes, List.of(asker.method), true);
        Parsed got = FuzzParser.answers(toClient, List.of(asker.method), true);
        assertThat(got.rest()).as("%s\nmade of\n%s", toClient, bytes).isNotEqualTo(Rest.WRONG);
        List<Message> heads = new ArrayList<>(got.whole());
        heads.addAll(got.partial());
        List<Message> expected = new ArrayList<>(sent.whole());
        expected.addAll(sent.partial());
        if (asker == Asker.GET10) {
            expected.removeIf(Message::informational);
        }
        boolean whole =
                got.rest() == Rest.NOTHING && !heads.isEmpty() && got.partial().isEmpty();
        for (int i = 0; i < heads.size(); i++) {
            Message head = heads.get(i);
            boolean last = i == heads.size() - 1;
            if (last
                    && isRefusal(head)
                    && !(i < expected.size() && expected.get(i).word().equals("502"))) {
                break;
            }
            assertThat(expected.size()).as("%s\nmade of\n%s", toClient, bytes).isGreaterThan(i);
            Message of = expected.get(i);
            assertThat(head.word()).as(bytes).isEqualTo(of.word());
            assertThat(FuzzExpected.unframed(head)).as(bytes).isEqualTo(FuzzExpected.answerFields(of));
            assertThat(of.body()).as(bytes).startsWith(head.body());
            boolean serverDone = i < sent.whole().size() - (asker == Asker.GET10 ? informational(sent) : 0);
            if (last && whole && !head.untilClose()) {
                // What the server cut short must not look whole.
                assertThat(serverDone).as("%s\nmade of\n%s", toClient, bytes).isTrue();
                assertThat(head.body()).as(bytes).isEqualTo(of.body());
            }
        }
        if (idle) {
            assertThat(sent.rest()).as("reused after\n%s", bytes).isEqualTo(Rest.NOTHING);
            Message last = sent.whole().get(sent.whole().size() - 1);
            assertThat(last.untilClose()).as("reused after\n%s", bytes).isFalse();
            assertThat(last.informational()).as("reused after\n%s", bytes).isFalse();
            assertThat(FuzzExpected.keepsAlive(last))
                    .as("reused after\n%s", bytes)
                    .isTrue();
        }
        return new Answer(
                heads.stream().map(Message::word).toList(),
                heads.isEmpty() ? "" : heads.get(heads.size() - 1).body(),
                whole);
    }

    private static int informational(Parsed sent) {
        return (int) sent.whole().stream().filter(Message::informational).count();
    }

    private static boolean isRefusal(Message head) {
        return head.word().equals("502") && head.values("Content-Type").equals(List.of("text/plain"));
    }
}
