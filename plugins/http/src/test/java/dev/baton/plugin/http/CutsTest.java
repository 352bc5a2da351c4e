package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench.Ends;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the proxy passes on does not depend on where the bytes were cut on their way. */
@SuppressWarnings("StringConcatToTextBlock") // the line ends are what matters
class CutsTest {
    private static final int ROUNDS = 20;

    private static final String[] REQUESTS = {
        "GET /1 HTTP/1.1\r\nHost: shop\r\nAccept: */*\r\n\r\n",
        "POST /2 HTTP/1.1\r\nHost: shop\r\nContent-Length: 11\r\n\r\nhello world",
        "\r\nPUT /3 HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5\r\nhello\r\n00c;a=b\r\n\r\n world\r\n0 \r\n0\r\nDigest: x\r\nB: c\r\n\r\n",
        "HEAD /4 HTTP/1.1\r\nHost: shop\r\n\r\n",
        "GET /5 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    };

    private static final String[] ANSWERS = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "6\r\nsecond\r\n1;x\r\n!\r\n0\r\nDigest: y\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nServer: s\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfifth"
    };

    private static final String TO_CLIENT = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"
            + "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "second!\r\nDigest: y\r\n\r\n"
            + "HTTP/1.1 204 No Content\r\nServer: s\r\n\r\n"
            + "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
            + "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nfifth";

    private static final String FORWARDED =
            "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Host: shop\r\nX-Forwarded-Proto: http\r\n";

    private static final String TO_SERVER = "GET /1 HTTP/1.1\r\nHost: shop\r\nAccept: */*\r\n" + FORWARDED + "\r\n"
            + "POST /2 HTTP/1.1\r\nHost: shop\r\n" + FORWARDED + "Content-Length: 11\r\n\r\nhello world"
            + "PUT /3 HTTP/1.1\r\nHost: shop\r\n" + FORWARDED + "Transfer-Encoding: chunked\r\n\r\n"
            + "hello\r\n world\r\n0 \r\nDigest: x\r\nB: c\r\n\r\n"
            + "HEAD /4 HTTP/1.1\r\nHost: shop\r\n" + FORWARDED + "\r\n"
            + "GET /5 HTTP/1.1\r\nHost: origin.test:80\r\nX-Forwarded-For: 192.0.2.1\r\n"
            + "X-Forwarded-Proto: http\r\n\r\n";

    /** The first ones once found an idle connection that had a message of its last exchange in its queue. */
    static LongStream seeds() {
        return LongStream.concat(
                LongStream.of(13, 66, 142),
                LongStream.generate(System::nanoTime).limit(ROUNDS));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void theSameMessagesComeOut(long seed) {
        for (Ends ends : Ends.values()) {
            Random random = new Random(seed);
            try (Bench bench = new Bench(ends)) {
                StringBuilder toServer = new StringBuilder();
                StringBuilder toClient = new StringBuilder();
                boolean pipelined = random.nextBoolean();
                if (pipelined) {
                    Cuts.send(bench, String.join("", REQUESTS), random);
                }
                for (int i = 0; i < REQUESTS.length; i++) {
                    if (!pipelined) {
                        Cuts.send(bench, REQUESTS[i], random);
                    }
                    toServer.append(withoutChunks(bench.toServer(0)));
                    Cuts.answer(bench, 0, ANSWERS[i], random);
                    toClient.append(withoutChunks(bench.toClient()));
                }
                assertThat(toServer.toString()).as("seed %d, %s", seed, ends).isEqualTo(TO_SERVER);
                assertThat(toClient.toString()).as("seed %d, %s", seed, ends).isEqualTo(TO_CLIENT);
                assertThat(bench.opened).hasSize(1);
                assertThat(bench.idle).hasSize(1);
            }
        }
    }

    /** The body of a chunked message without its chunks, which depend on the cuts; its trailers stay. */
    private static String withoutChunks(String message) {
        String mark = "Transfer-Encoding: chunked\r\n\r\n";
        int body = message.indexOf(mark);
        if (body < 0) {
            return message;
        }
        int at = body + mark.length();
        StringBuilder text = new StringBuilder(message.substring(0, at));
        while (true) {
            int end = message.indexOf("\r\n", at);
            int size = Integer.parseInt(message.substring(at, end), 16);
            at = end + 2;
            if (size == 0) {
                return text.append("\r\n")
                        .append(message.substring(at))
                        .toString()
                        .replace("\r\n\r\nDigest", "\r\nDigest");
            }
            text.append(message, at, at + size);
            at += size + 2;
        }
    }
}
