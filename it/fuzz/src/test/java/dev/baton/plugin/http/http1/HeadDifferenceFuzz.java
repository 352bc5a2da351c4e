package dev.baton.plugin.http.http1;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.baton.plugin.http.Bench;
import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.exchange.Downstream;
import dev.baton.plugin.http.exchange.Exchange;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Whatever bytes come, in whatever pieces: the heads that are read are those that Netty's decoders read, with all that
 * these forgive refused; and nothing is taken that they refuse.
 */
class HeadDifferenceFuzz {
    private static final int BYTES_MAX = 8 * 1024;
    private static final int LIMIT = 1024;

    private final Bench bench = new Bench(Ends.TOGETHER);
    private final Downstream client =
            bench.client.pipeline().get(RequestReader.class).downstream();

    @AfterEach
    void closeTheBench() {
        bench.close();
    }

    /** The first byte says how long the pieces are. */
    @FuzzTest(maxDuration = "2m")
    void anyRequest(byte[] input) {
        if (isFit(input)) {
            request(input, 1 + (input[0] & 0x3f));
        }
    }

    /** The first byte says who asked and how long the pieces are. */
    @FuzzTest(maxDuration = "2m")
    void anyResponse(byte[] input) {
        if (isFit(input)) {
            response(input, 1 + (input[0] & 0x0f));
        }
    }

    /** Whatever was worth keeping of what was sent to the whole proxy, at every cut. */
    @Test
    void whatIsKeptForTheProxy() throws Exception {
        forEachInput("RequestBytesFuzzInputs", this::request);
        forEachInput("AnswerBytesFuzzInputs", this::response);
    }

    private static boolean isFit(byte[] input) {
        return input.length > 0 && input.length <= BYTES_MAX;
    }

    private void request(byte[] input, int piece) {
        HeadDifference.ofRequest(rest(input), LIMIT, client, left -> piece);
    }

    private void response(byte[] input, int piece) {
        HttpMethod method = List.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.CONNECT, HttpMethod.GET)
                .get((input[0] >> 4) & 3);
        Exchange asked = new Exchange(client, HttpVersion.HTTP_1_1, method, "/");
        if (input[0] < 0) {
            asked.askForUpgrade("websocket");
        }
        HeadDifference.ofResponse(rest(input), LIMIT, asked, left -> piece);
    }

    private static byte[] rest(byte[] input) {
        return Arrays.copyOfRange(input, 1, input.length);
    }

    private static void forEachInput(String folder, BiConsumer<byte[], Integer> test)
            throws IOException, URISyntaxException {
        URL inputs = Objects.requireNonNull(HeadDifferenceFuzz.class.getResource("../" + folder + "/anyBytes"));
        try (Stream<Path> files = Files.list(Path.of(inputs.toURI()))) {
            List<Path> found = files.toList();
            assertThat(found).isNotEmpty();
            for (Path each : found) {
                byte[] input = Files.readAllBytes(each);
                for (int piece = 1; piece < input.length; piece++) {
                    test.accept(input, piece);
                }
            }
        }
    }
}
