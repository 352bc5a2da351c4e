package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The rehearsal of faults, as an operator does it: it rests until the configuration asks for it, and then does as it is
 * told.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ChaosIT {
    private static final String SERVICES = """
            version: 1
            loops: 2
            admin: { listen: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:0", service: rehearsal }
            services:
              rehearsal: { type: chaos, service: web }
              web: { type: http, routes: [ { handler: { type: chaos, max-time: 2s, budget: 1m } } ] }
            """;
    private static final String ENABLED = SERVICES + "plugins: { enable: [chaos] }\n";

    @TempDir
    Path folder;

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private HttpResponse<String> get(String address, String path) throws IOException, InterruptedException {
        return send(
                HttpRequest.newBuilder(URI.create("http://" + address + path)).GET());
    }

    private HttpResponse<String> post(String address, String path) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(URI.create("http://" + address + path))
                .POST(HttpRequest.BodyPublishers.noBody()));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return client.send(request.timeout(Duration.ofSeconds(30)).build(), HttpResponse.BodyHandlers.ofString());
    }

    @Tag("long")
    @Test
    void shouldRestUntilTheConfigurationAsksForIt() throws Exception {
        Outcome plugins = BatonProcess.run(folder, "plugins");
        assertThat(plugins.text()).contains("not loaded: chaos: ", "plugins: { enable: [chaos] }");

        Files.writeString(folder.resolve("baton.yaml"), SERVICES);
        Outcome check = BatonProcess.run(folder, "check");
        assertThat(check.code()).isEqualTo(78);
        assertThat(check.text()).contains("'chaos'").doesNotContain("plugin chaos is not loaded");

        Files.writeString(folder.resolve("baton.yaml"), ENABLED);
        assertThat(BatonProcess.run(folder, "check").code()).isZero();
    }

    @Test
    void shouldDoWhatTheHandlerIsAskedFor() throws Exception {
        try (BatonProcess baton = BatonProcess.serve(folder, ENABLED)) {
            String web = baton.listener("web");
            assertThat(get(web, "/block/5").body()).matches("blocked loop \\d for 5ms\n");
            assertThat(get(web, "/spin/5").body()).matches("kept loop \\d busy for 5ms\n");
            assertThat(get(web, "/block/2001").statusCode()).isEqualTo(400);
            assertThat(get(web, "/throw/oom").body()).contains("out-of-memory-error");
            assertThat(get(web, "/nothing").statusCode()).isEqualTo(404);
        }
    }

    @Test
    void shouldCostOnlyTheExchangeInWhichItThrows() throws Exception {
        List<String> kinds = List.of(
                "runtime-exception", "assertion-error", "out-of-memory-error", "stack-overflow-error", "linkage-error");
        try (BatonProcess baton = BatonProcess.serve(folder, ENABLED);
                KeptConnection other = new KeptConnection(baton.listener("web"))) {
            String web = baton.listener("web");
            for (String kind : kinds) {
                other.ask("/block/0");
                assertThat(get(web, "/throw/" + kind).statusCode()).as(kind).isEqualTo(500);
            }
            other.ask("/block/0");
            assertThat(get(baton.admin(), "/metrics").body())
                    .containsPattern("baton_plugin_errors_total\\{plugin=\"chaos\"\\} " + kinds.size());
        }
    }

    /** A keep-alive connection that asks again and again. */
    private static final class KeptConnection implements AutoCloseable {
        private final Socket socket;

        KeptConnection(String address) throws IOException {
            int colon = address.lastIndexOf(':');
            socket = new Socket(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)));
            socket.setSoTimeout(30_000);
        }

        void send(String path) throws IOException {
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nhost: x\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        }

        int read() throws IOException {
            return socket.getInputStream().read();
        }

        void ask(String path) throws IOException {
            send(path);
            StringBuilder answer = new StringBuilder();
            while (!answer.toString().endsWith("ms\n")) {
                int read = read();
                assertThat(read).as("after %s", answer).isNotNegative();
                answer.append((char) read);
            }
            assertThat(answer.toString()).startsWith("HTTP/1.1 200");
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Test
    void shouldDoWhatTheAdminApiIsAskedFor() throws Exception {
        try (BatonProcess baton = BatonProcess.serve(folder, ENABLED)) {
            String admin = baton.admin();
            assertThat(post(admin, "/v1/chaos/block?loop=1&ms=5").body())
                    .isEqualTo("{\"loop\":1,\"fault\":\"block\",\"ms\":5}");
            assertThat(post(admin, "/v1/chaos/spin?loop=0&ms=5").statusCode()).isEqualTo(200);
            assertThat(post(admin, "/v1/chaos/throw?loop=0&kind=out-of-memory-error")
                            .statusCode())
                    .isEqualTo(200);
            assertThat(post(admin, "/v1/chaos/block?loop=9&ms=5").statusCode()).isEqualTo(400);
            assertThat(post(admin, "/v1/chaos/leak?fds=10").body())
                    .isEqualTo("{\"leaked\":10,\"mib\":0,\"problem\":\"\"}");
            assertThat(post(admin, "/v1/chaos/leak?fds=-10").body())
                    .isEqualTo("{\"leaked\":0,\"mib\":0,\"problem\":\"\"}");

            assertThat(post(admin, "/v1/chaos/delay?point=service-initialize&ms=1")
                            .statusCode())
                    .isEqualTo(200);
            get(baton.listener("web"), "/");
            assertThat(get(admin, "/v1/chaos").body())
                    .containsPattern("\"point\":\"service-initialize\",\"ms\":1,\"every\":1,\"passes\":[1-9]");
            assertThatIOException().as("no answer comes").isThrownBy(() -> post(admin, "/v1/chaos/crash"));
            assertThat(baton.exitCode()).isEqualTo(137);
        }
    }

    @Tag("long")
    @Test
    void shouldDoWhatTheCommandLineAsksFor() throws Exception {
        try (BatonProcess baton = BatonProcess.serve(folder, ENABLED)) {
            assertThat(baton(baton, 0, "do"))
                    .containsPattern("chaos/block +loop=number +ms=number")
                    .contains("chaos/leak");
            assertThat(baton(baton, 0, "do", "chaos/block", "loop=1", "ms=5"))
                    .containsPattern("loop +1\\R *fault +block\\R *ms +5");
            assertThat(post(baton.admin(), "/v1/chaos/delay?point=service-initialize&ms=1")
                            .statusCode())
                    .isEqualTo(200);
            assertThat(baton(baton, 0, "view", "chaos")).containsPattern("(?m)^service-initialize +1 +1 ");

            assertThat(baton(baton, 1, "do", "chaos/blok")).contains("did you mean 'chaos/block'?");
            assertThat(baton(baton, 1, "view", "chaoss")).contains("did you mean 'chaos'?");
            assertThat(baton(baton, 2, "do", "chaos/block", "loop"))
                    .contains("'loop' is no parameter: expected KEY=VALUE");
        }
    }

    private String baton(BatonProcess asked, int code, String... arguments) throws Exception {
        String[] command = Stream.concat(Stream.of(arguments), Stream.of("--admin", asked.admin()))
                .toArray(String[]::new);
        Outcome outcome = BatonProcess.run(folder, command);
        assertThat(outcome.code())
                .as("%s: %s", List.of(arguments), outcome.text())
                .isEqualTo(code);
        return outcome.text();
    }
}
