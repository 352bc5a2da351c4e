package dev.baton.plugin.admin;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.fuzz.FuzzParser;
import dev.baton.fuzz.FuzzParser.Message;
import dev.baton.fuzz.FuzzParser.Parsed;
import dev.baton.fuzz.FuzzParser.Rest;
import dev.baton.runtime.config.Words;
import dev.baton.runtime.server.QueryBinder;
import dev.baton.spi.admin.StopReport;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.listener.ListenerResult.Outcome;
import dev.baton.spi.traffic.Traffic;
import io.vertx.core.Vertx;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** An admin server over a runtime that writes down what it is asked, and what holds for each of its answers. */
final class FuzzAdmin {
    private static final Pattern WHITE = Pattern.compile("[\\t\\x0b\\f ]");
    /** Not about speed: without an answer in this time there is none. */
    private static final int PATIENCE_MILLIS = 30_000;

    private final FakeRuntime runtime = new FakeRuntime();
    private final Vertx vertx = Vertx.vertx();
    private final AdminServer server = new AdminServer(
            new AdminConfig("127.0.0.1:0"),
            vertx,
            runtime,
            runtime,
            runtime,
            (file, mode, users) -> {},
            Words::nearest,
            new QueryBinder(),
            Traffic.UNWATCHED);

    FuzzAdmin() throws Exception {
        runtime.stopped.complete(new StopReport(1, 2));
        runtime.unbound.complete(new ListenerResult("web", Outcome.UNBOUND, "the port is free"));
        server.start().toCompletableFuture().get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
    }

    int port() {
        return server.port();
    }

    void close() throws Exception {
        vertx.close().toCompletionStage().toCompletableFuture().get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Sends one request and checks the answer. None of its parts has a line end. */
    Message ask(String method, String target, String field, String body) throws IOException {
        runtime.asked.clear();
        String request = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + field
                + "Content-Length: " + body.length() + "\r\n\r\n" + body;
        String bytes = exchange(request);
        String of = request + "\nanswered\n" + bytes;
        Parsed parsed = FuzzParser.answers(bytes, List.of(method), true);
        assertThat(parsed.rest()).as(of).isEqualTo(Rest.NOTHING);
        assertThat(parsed.whole()).as(of).hasSize(1);
        Message answer = parsed.whole().get(0);
        boolean understood = FuzzParser.requests(request).rest() == Rest.NOTHING;
        if (understood) {
            assertThat(answer.word()).as(of).isIn("200", "400", "403", "404", "405", "409");
            checkBody(method, answer, of);
        } else {
            // Vert.x answers what is no HTTP by itself, perhaps without a body. And it takes what the parser, written
            // for what
            // goes through a proxy, does not: http://a without a path for http://a/, and white space of any kind
            // between
            // the words of the request line, as RFC 9112, section 3, lets it.
            boolean forgiven = target.contains("://") || WHITE.matcher(target).find();
            assertThat(answer.word()).as(of).matches(forgiven ? "200|4.." : "4..");
        }
        checkAsked(method, answer, of);
        return answer;
    }

    private static void checkBody(String method, Message answer, String of) {
        List<String> types = answer.values("Content-Type");
        assertThat(types).as(of).hasSize(1);
        if (method.equals("HEAD")) {
            assertThat(answer.body()).as(of).isEmpty();
        } else if (types.get(0).equals("application/json")) {
            Object json = Json.decodeValue(new String(answer.body().getBytes(ISO_8859_1), UTF_8));
            assertThat(json).as(of).isNotNull();
            if (answer.word().startsWith("4") && !answer.word().equals("409")) {
                assertThat(((JsonObject) json).getString("error")).as(of).isNotBlank();
            }
        } else {
            assertThat(types.get(0)).as(of).startsWith("text/plain;");
            assertThat(answer.word()).as(of).isEqualTo("200");
        }
    }

    private void checkAsked(String method, Message answer, String of) {
        int most = List.of("POST", "DELETE").contains(method) && answer.word().equals("200") ? 1 : 0;
        assertThat(runtime.asked).as(of).hasSizeLessThanOrEqualTo(most);
        if (most == 1) {
            assertThat(runtime.asked).as(of).hasSize(1);
        }
    }

    private String exchange(String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.setTcpNoDelay(true);
            socket.getOutputStream().write(request.getBytes(ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
        }
    }
}
