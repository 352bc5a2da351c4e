package dev.baton.plugin.http.http2;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.fuzz.FuzzParser;
import dev.baton.fuzz.FuzzParser.Message;
import dev.baton.fuzz.FuzzParser.Parsed;
import dev.baton.fuzz.FuzzParser.Rest;
import dev.baton.plugin.http.Bench;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.FuzzExpected;
import dev.baton.plugin.http.FuzzExpected.Essence;
import dev.baton.spi.config.Choice;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpFilterOptions;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpVerdict;
import io.netty.handler.codec.http2.Http2FrameTypes;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntUnaryOperator;

/**
 * Plays one client's connection in HTTP/2 with the servers behind it, and checks what holds whatever the client sends:
 *
 * <ul>
 *   <li>servers get requests that a strict parser of HTTP/1.1 reads;
 *   <li>every exchange ends, once;
 *   <li>the connection ends with GOAWAY, or a further request is answered; a frame that is not finished ends it in
 *       time;
 *   <li>the client is sent no more than its windows have room for, and gets back no more than it has sent;
 *   <li>no callback throws, no buffer leaks, and what is held is bounded and given back.
 * </ul>
 */
final class FuzzHttp2 implements AutoCloseable {
    /** What servers do with a request. */
    enum Answers {
        WHOLE,
        LARGE,
        CHUNKED,
        EARLY,
        CUT
    }

    /**
     * What came of a connection.
     *
     * @param heads the first line of the response on each stream, or how it was reset
     * @param lost it ended with GOAWAY
     */
    record Outcome(List<Essence> forwarded, Map<Integer, String> heads, boolean lost) {}

    private record Frame(int length, int type, int flags, int stream, String payload) {}

    private static final int FRAME_HEAD_CHARS = 9;
    private static final int WINDOW_DEFAULT = 65535;
    /** What the connection's window gets beyond that at the start. */
    private static final long WINDOW_FIRST_UPDATE = 100 * 65536 - WINDOW_DEFAULT;

    private static final int INITIAL_WINDOW_SIZE = 4;
    private static final int END_HEADERS = 4;
    private static final int LARGE_BODY = 20_000;
    private static final int HEADER_TIMEOUT_SECONDS = 10;
    private static final int STREAMS_MAX = 100;
    /** Of a buffer that waits, and of a head in objects. */
    private static final int HELD_OF_A_STREAM = 64 * 1024;

    private static final String ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    private record NoSettings() {}

    /** Counts how often each exchange ends. */
    private static final class Ended implements HttpFilter {
        final IdentityHashMap<HttpExchange, Integer> ends = new IdentityHashMap<>();

        @Override
        public HttpVerdict request(HttpExchange exchange) {
            assertThat(ends.put(exchange, 0)).as("an exchange begins").isNull();
            return HttpVerdict.CONTINUE;
        }

        @Override
        public void end(HttpExchange exchange, HttpOutcome outcome) {
            ends.merge(exchange, 1, Integer::sum);
        }
    }

    private final Ended ended = new Ended();
    private final Answers answers;
    private final Bench bench;
    private final StringBuilder sent = new StringBuilder();
    private final StringBuilder received = new StringBuilder();
    private final Http2Client client;
    private final List<StringBuilder> servers = new ArrayList<>();
    private final Set<Integer> answered = new HashSet<>();
    private final Set<Integer> tunnels = new HashSet<>();
    private final List<Essence> forwarded = new ArrayList<>();
    private final Map<Integer, String> heads = new TreeMap<>();
    private boolean lost;

    private FuzzHttp2(Ends ends, Answers answers, boolean filtered) {
        this.answers = answers;
        List<Choice<HttpFilter>> filters = filtered
                ? List.of(new Choice<>(
                        HttpFilter.class,
                        "ended",
                        new NoSettings(),
                        new HttpFilterOptions(
                                HttpFilterOptions.OnFailure.REFUSE, Duration.ofSeconds(2), Duration.ofSeconds(20))))
                : List.of();
        bench = new Bench(ends, Bench.config(true, filters), Map.of("ended", ended));
        bench.watched = true;
        client = new Http2Client(frames -> {}, this::out);
    }

    /**
     * Sends bytes, with servers that answer all the while, and checks everything.
     *
     * @param bytes from the preface on
     * @param cut how long the next piece is, of what is left
     */
    static Outcome play(String bytes, Ends ends, Answers answers, boolean filtered, IntUnaryOperator cut) {
        FuzzHttp2 played = new FuzzHttp2(ends, answers, filtered);
        try (played) {
            played.send(bytes, cut);
            played.checkItGoesOnOrEnds();
        }
        played.checkItIsOver();
        return new Outcome(List.copyOf(played.forwarded), Map.copyOf(played.heads), played.lost);
    }

    private void send(String bytes, IntUnaryOperator cut) {
        for (int from = 0, to; from < bytes.length() && bench.client.isOpen(); from = to) {
            to = from + cut.applyAsInt(bytes.length() - from);
            String piece = bytes.substring(from, to);
            sent.append(piece);
            bench.send(piece);
            serve();
            look();
            assertThat(bench.client.heldHeap() + bench.client.heldDirect())
                    .as("held")
                    .isLessThanOrEqualTo((long) STREAMS_MAX * HELD_OF_A_STREAM);
        }
    }

    private String out() {
        String bytes = bench.out(bench.client);
        received.append(bytes);
        return bytes;
    }

    /** Reads what the client was sent, frame by frame. */
    private void look() {
        for (String line : client.frames()) {
            String[] words = line.split(" ", 4);
            if (words[0].equals("GOAWAY")) {
                lost |= !words[2].equals("NO_ERROR");
            } else if (words[0].equals("HEADERS")) {
                heads.putIfAbsent(Integer.parseInt(words[1]), words.length > 2 ? words[2] : "");
            } else if (words[0].equals("RESET")) {
                heads.putIfAbsent(Integer.parseInt(words[1]), "RESET " + words[2]);
            }
        }
    }

    // -------------------------------------------------------------------------------------------------- the servers

    private void serve() {
        boolean progress = true;
        while (progress) {
            progress = false;
            for (int i = 0; i < bench.opened.size(); i++) {
                if (i == servers.size()) {
                    servers.add(new StringBuilder());
                }
                String bytes = bench.toServer(i);
                if (tunnels.contains(i)) {
                    if (!bytes.isEmpty() && bench.opened.get(i).isOpen()) {
                        bench.answer(i, bytes); // echoes
                        progress = true;
                    }
                    continue;
                }
                progress |= got(i, servers.get(i).append(bytes));
            }
        }
    }

    private boolean got(int server, StringBuilder bytes) {
        Parsed parsed = FuzzParser.requests(bytes.toString());
        assertThat(parsed.rest()).as("the server gets:\n%s", bytes).isNotEqualTo(Rest.WRONG);
        assertThat(parsed.whole().size()).as("one at a time:\n%s", bytes).isLessThan(2);
        if (parsed.whole().isEmpty()) {
            boolean begun = !parsed.partial().isEmpty()
                    && answers == Answers.EARLY
                    && bench.opened.get(server).isOpen();
            if (begun && answered.add(server)) {
                answer(server, parsed.partial().get(0));
                return true;
            }
            return false;
        }
        forwarded.add(FuzzExpected.forwarded(parsed.whole().get(0)));
        bytes.setLength(0);
        if (answered.remove(server) || !bench.opened.get(server).isOpen()) {
            return false;
        }
        answer(server, parsed.whole().get(0));
        return true;
    }

    private void answer(int server, Message request) {
        if (!request.values("Upgrade").isEmpty()) {
            tunnels.add(server);
            bench.answer(
                    server,
                    "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: "
                            + accept(request.values("Sec-WebSocket-Key").get(0)) + "\r\n\r\n");
            return;
        }
        boolean head = request.word().equals("HEAD");
        String body = answers == Answers.LARGE ? "x".repeat(LARGE_BODY) : "ok";
        switch (answers) {
            case CHUNKED ->
                bench.answer(
                        server,
                        "HTTP/1.1 103 E\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                + (head ? "" : "2\r\nok\r\n0\r\nT: u\r\n\r\n"));
            case CUT -> {
                bench.answer(server, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + (head ? "" : "ok"));
                bench.hangUp(bench.opened.get(server));
            }
            default ->
                bench.answer(
                        server,
                        "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + (head ? "" : body));
        }
    }

    private static String accept(String key) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1")
                    .digest((key + ACCEPT_SUFFIX).getBytes(StandardCharsets.US_ASCII));
            return Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    // --------------------------------------------------------------------------------------------------- the client

    private static List<Frame> frames(CharSequence bytes, int from) {
        List<Frame> frames = new ArrayList<>();
        int at = from;
        while (bytes.length() - at >= FRAME_HEAD_CHARS) {
            int length = bytes.charAt(at) << 16 | bytes.charAt(at + 1) << 8 | bytes.charAt(at + 2);
            int end = at + FRAME_HEAD_CHARS + length;
            if (end > bytes.length()) {
                break;
            }
            frames.add(new Frame(
                    length,
                    bytes.charAt(at + 3),
                    bytes.charAt(at + 4),
                    number(bytes, at + 5) & Integer.MAX_VALUE,
                    bytes.subSequence(at + FRAME_HEAD_CHARS, end).toString()));
            at = end;
        }
        return frames;
    }

    private static int number(CharSequence bytes, int at) {
        return bytes.charAt(at) << 24 | bytes.charAt(at + 1) << 16 | bytes.charAt(at + 2) << 8 | bytes.charAt(at + 3);
    }

    private static int lengthOf(List<Frame> frames) {
        return frames.stream()
                .mapToInt(each -> FRAME_HEAD_CHARS + each.length())
                .sum();
    }

    private void checkItGoesOnOrEnds() {
        serve();
        look();
        checkWindows();
        assertThat(lost).as("GOAWAY, and open").isEqualTo(!bench.client.isOpen());
        if (!bench.client.isOpen()) {
            return;
        }
        int preface = Http2Client.preface().length();
        List<Frame> frames = frames(sent, preface);
        Frame last = frames.isEmpty() ? null : frames.get(frames.size() - 1);
        boolean inHead = last != null
                && (last.type() == Http2FrameTypes.HEADERS || last.type() == Http2FrameTypes.CONTINUATION)
                && (last.flags() & END_HEADERS) == 0;
        if (sent.length() < preface + lengthOf(frames) || lengthOf(frames) < sent.length() - preface || inHead) {
            bench.pass(HEADER_TIMEOUT_SECONDS + 1);
            assertThat(bench.client.isOpen()).as("open, in a frame").isFalse();
            return;
        }
        int stream = 1
                + 2
                        * frames.stream()
                                .mapToInt(each -> each.stream() / 2 + 1)
                                .max()
                                .orElse(0);
        if (stream > 0) {
            String block = "\u0082\u0086\u0084\u0010\n:authority\u0004shop";
            String probe = Http2Client.ping(0) + Http2Client.frame(Http2FrameTypes.HEADERS, 5, stream, block);
            sent.append(probe);
            int before = received.length();
            bench.send(probe);
            serve();
            look();
            assertThat(frames(received, 0).stream()
                            .anyMatch(each -> each.type() == Http2FrameTypes.GO_AWAY
                                    || (each.type() == Http2FrameTypes.PING && each.flags() == 1)))
                    .as("an answer to PING, or the end")
                    .isTrue();
            assertThat(received.length()).isGreaterThan(before);
            assertThat(lost || heads.containsKey(stream))
                    .as("a response to %s", stream)
                    .isTrue();
        }
        Http2Reader reader = bench.client.pipeline().get(Http2Reader.class);
        if (reader != null && reader.connection().numActiveStreams() == 0) { // else the connection has ended
            assertThat(bench.client.heldHeap() + bench.client.heldDirect())
                    .as("held without a stream")
                    .isZero();
        }
    }

    private void checkWindows() {
        Map<Integer, Long> room = new HashMap<>();
        Map<Integer, Long> bodies = new HashMap<>();
        long initial = WINDOW_DEFAULT;
        long spent = 0;
        for (Frame each : frames(sent, Http2Client.preface().length())) {
            if (each.type() == Http2FrameTypes.WINDOW_UPDATE && each.length() == 4) {
                room.merge(each.stream(), (long) number(each.payload(), 0) & Integer.MAX_VALUE, Long::sum);
            } else if (each.type() == Http2FrameTypes.DATA) {
                bodies.merge(each.stream(), (long) each.length(), Long::sum);
                spent += each.length();
            } else if (each.type() == Http2FrameTypes.SETTINGS) {
                for (int at = 0; at + 6 <= each.length(); at += 6) {
                    if ((each.payload().charAt(at) << 8 | each.payload().charAt(at + 1)) == INITIAL_WINDOW_SIZE) {
                        initial = Math.max(initial, number(each.payload(), at + 2));
                    }
                }
            }
        }
        Map<Integer, Long> got = new HashMap<>();
        Map<Integer, Long> back = new HashMap<>();
        long all = 0;
        for (Frame each : frames(received, 0)) {
            if (each.type() == Http2FrameTypes.DATA) {
                got.merge(each.stream(), (long) each.length(), Long::sum);
                all += each.length();
            } else if (each.type() == Http2FrameTypes.WINDOW_UPDATE) {
                back.merge(each.stream(), (long) number(each.payload(), 0), Long::sum);
            }
        }
        assertThat(all)
                .as("bytes of bodies on the connection")
                .isLessThanOrEqualTo(WINDOW_DEFAULT + room.getOrDefault(0, 0L));
        for (Map.Entry<Integer, Long> each : got.entrySet()) {
            assertThat(each.getValue())
                    .as("bytes of the body on %s", each.getKey())
                    .isLessThanOrEqualTo(initial + room.getOrDefault(each.getKey(), 0L));
        }
        for (Map.Entry<Integer, Long> each : back.entrySet()) {
            long most = each.getKey() == 0 ? spent + WINDOW_FIRST_UPDATE : bodies.getOrDefault(each.getKey(), 0L);
            assertThat(each.getValue())
                    .as("window given back on %s", each.getKey())
                    .isLessThanOrEqualTo(most);
        }
    }

    private void checkItIsOver() {
        assertThat(bench.reported).as("exchanges that have ended").hasSize((int)
                bench.count("baton_http_requests_total", "service", "shop"));
        assertThat(ended.ends.values()).as("ends of each exchange").allMatch(ends -> ends == 1);
        assertThat(bench.thrown).isEmpty();
    }

    @Override
    public void close() {
        bench.close();
    }
}
