package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.runtime.launcher.command.Baton;
import dev.baton.testkit.BatonProcess;
import dev.baton.testkit.BatonProcess.Outcome;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code baton top} and {@code baton tail} of a busy process: filters, slow readers, a terminal, a pipe, and the end.
 */
@Timeout(120)
class TopAndTailIT {
    private static final String YAML = """
            version: 1
            loops: 2
            admin: { listen: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:0", service: shop }
              origin: { bind: "127.0.0.1:0", service: page }
            services:
              page: { type: http, routes: [ { handler: demo-origin } ] }
              shop:
                type: http
                routes:
                  - { name: down, match: { path: "/down" }, respond: { status: 503 } }
                  - { name: fine, match: { path: "/fine/*" }, respond: { status: 200, body: "fine" } }
                  - { name: rest, upstream: app }
            upstreams: { app: { servers: ["listener:origin"] } }
            """;

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** More than the queue of a tail and the buffers of a connection whose client reads nothing hold. */
    private static final int CROWD = 20_000;

    @TempDir
    Path folder;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Client> clients = new ArrayList<>();

    @AfterEach
    void end() throws Exception {
        for (Client each : clients) {
            each.close();
        }
        threads.shutdownNow();
    }

    /** {@code baton tail --json} in this JVM, which saves the start of one. */
    private final class Tail {
        private final StringWriter text = new StringWriter();
        private final Future<Integer> code;

        Tail(String admin, String... filter) {
            List<String> arguments = new ArrayList<>(List.of("tail", "--json", "--admin", admin));
            arguments.addAll(List.of(filter));
            PrintWriter out = new PrintWriter(text, true);
            code = threads.submit(() -> Baton.execute(out, out, arguments.toArray(String[]::new)));
        }

        List<JsonObject> lines() {
            String all = text.toString();
            return all.substring(0, all.lastIndexOf('\n') + 1)
                    .lines()
                    .filter(line -> line.startsWith("{"))
                    .map(JsonObject::new)
                    .toList();
        }

        boolean shows(String key, Object value) {
            return lines().stream().anyMatch(line -> value.equals(line.getValue(key)));
        }

        void showsOnly(Predicate<JsonObject> wanted) {
            assertThat(lines()).isNotEmpty().allMatch(wanted);
        }
    }

    private static void until(String what, Callable<Boolean> holds) {
        await(what).atMost(PATIENCE).until(holds);
    }

    private Client client(String address) throws Exception {
        Client client = Client.connect(address);
        clients.add(client);
        return client;
    }

    @Test
    void shouldShowWhatIsAskedForUntilTheServerEnds() throws Exception {
        try (BatonProcess baton = BatonProcess.serve(folder, YAML)) {
            String web = baton.listener("web");
            String admin = baton.admin();
            Tail all = new Tail(admin);
            Tail down = new Tail(admin, "--route", "down");
            Tail slow = new Tail(admin, "--slower", "100ms");
            Tail errors = new Tail(admin, "--status", "5xx");
            Tail missing = new Tail(admin, "--status", "404", "--route", "rest");
            List<Tail> tails = List.of(all, down, slow, errors, missing);
            // Exchanges that end before a tail watches are not shown: again until each shows something.
            until("each tail watches", () -> {
                for (String path : List.of("/down", "/fine/", "/delay/120", "/none")) {
                    Client.get(web, path);
                }
                return tails.stream().noneMatch(tail -> tail.lines().isEmpty());
            });
            until("all paths", () -> all.shows("path", "/fine/") && all.shows("path", "/none"));
            down.showsOnly(line -> line.getString("route").equals("down") && line.getInteger("status") == 503);
            slow.showsOnly(line -> line.getDouble("total-ms") >= 100);
            assertThat(slow.shows("path", "/delay/120")).isTrue();
            errors.showsOnly(line -> line.getInteger("status") >= 500);
            missing.showsOnly(line ->
                    line.getInteger("status") == 404 && line.getString("path").equals("/none"));

            areSeenInFlight(web, admin, all);
            isNotHeldBackByASlowReader(web, admin);

            assertThat(Commands.run("stop", "--admin", admin).code()).isZero();
            assertThat(baton.exitCode()).isZero();
            for (Tail each : tails) {
                assertThat(each.code.get(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                        .isEqualTo(1);
                assertThat(each.text.toString().strip())
                        .endsWith("the process shows no more: it stops, has ended, or has this token no longer");
            }
        }
    }

    /** By top as connections in use, by tail only when they are over. */
    private void areSeenInFlight(String web, String admin, Tail all) throws Exception {
        List<Client> waiting = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            waiting.add(client(web).ask("/delay/5000"));
        }
        until("top shows three in use", () -> {
            Client.get(web, "/bytes/1"); // a server is shown that was asked lately
            JsonArray servers = new JsonObject(
                            Commands.run("top", "--json", "--admin", admin).text())
                    .getJsonArray("servers");
            return servers.size() == 1
                    && Integer.valueOf(3).equals(servers.getJsonObject(0).getInteger("in-use"));
        });
        assertThat(all.shows("path", "/delay/5000")).isFalse();
        for (Client each : waiting) {
            each.close();
        }
        until(
                "their clients have left",
                () -> all.lines().stream()
                                .filter(line -> line.getString("service", "").equals("shop"))
                                .filter(line -> line.getString("path").equals("/delay/5000"))
                                .filter(line -> line.getString("outcome").equals("client-aborted"))
                                .count()
                        == 3);
    }

    /** One that reads nothing costs its own lines only: how many is told. */
    private void isNotHeldBackByASlowReader(String web, String admin) throws Exception {
        int port = Integer.parseInt(admin.substring(admin.lastIndexOf(':') + 1));
        try (Socket reader = new Socket()) {
            reader.setReceiveBufferSize(4_096);
            reader.setSoTimeout((int) PATIENCE.toMillis());
            reader.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            reader.getOutputStream()
                    .write("GET /v1/tail?route=fine HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            BufferedReader lines =
                    new BufferedReader(new InputStreamReader(reader.getInputStream(), StandardCharsets.UTF_8));
            String first = lines.readLine();
            assertThat(first).contains(" 200 "); // it watches now
            while (!first.isEmpty()) {
                first = lines.readLine();
            }

            Client crowd = client(web);
            String request = "GET /fine/" + "x".repeat(190) + " HTTP/1.1\r\nHost: test\r\n";
            Future<?> sends = threads.submit(() -> {
                for (int i = 1; i < CROWD; i++) {
                    crowd.send(request + "\r\n");
                }
                return crowd.send(request + "Connection: close\r\n\r\n");
            });
            String answers = crowd.rest();
            sends.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(answers.split("HTTP/1.1 200 OK", -1))
                    .as("each was answered")
                    .hasSize(CROWD + 1);

            long shown = 0;
            long dropped = 0;
            while (shown + dropped < CROWD) {
                String line = lines.readLine();
                assertThat(line).isNotNull();
                if (line.contains("\"dropped\"")) {
                    dropped += new JsonObject(line).getLong("dropped");
                } else if (!line.isEmpty()) {
                    shown++;
                }
            }
            // How many are dropped depends on what the kernel's buffers take: that none is missing is what counts.
            assertThat(shown + dropped).isEqualTo(CROWD);
        }
    }

    /** On a terminal top draws again and again, until it is interrupted; a tail ends when nothing reads it. */
    @Test
    void shouldDrawOnATerminalAndEndWithAPipe() throws Exception {
        try (BatonProcess baton = BatonProcess.serve(folder, YAML)) {
            String web = baton.listener("web");
            String admin = baton.admin();
            Path launcher = BatonProcess.distribution().resolve("bin/baton");
            Path pipe = script(
                    "pipe", "{ \"%s\" tail --admin %s; echo ended $? >&2; } | head -n 2".formatted(launcher, admin));
            Path terminal = script(
                    "terminal",
                    "exec script -qec 'stty cols 60 rows 10; exec \"%s\" top --admin %s' /dev/null"
                            .formatted(launcher, admin));
            try (BatonProcess reads = BatonProcess.launch(pipe, folder);
                    BatonProcess top = BatonProcess.launch(terminal, folder)) {
                until("two lines were read, and the tail has ended", () -> {
                    Client.get(web, "/fine/");
                    return !reads.isAlive();
                });
                Outcome read = reads.outcome();
                assertThat(read.text().lines().filter(line -> line.contains("GET /fine/")))
                        .hasSize(2);
                assertThat(read.text()).contains("ended 0");

                until("drawn three times", () -> {
                    Client.get(web, "/fine/");
                    return top.text().split("\u001b\\[H", -1).length > 3;
                });
                assertThat(top.text()).startsWith("\u001b[2J\u001b[H").contains("fine", "LOOP", "BUSY %");
                assertThat(top.text()
                                .replace("\u001b[H", "\n")
                                .replaceAll("\u001b\\[[0-9]*[A-Z]", "")
                                .lines())
                        .allMatch(line -> line.length() <= 60);
                assertThat(Commands.run("stop", "--admin", admin).code()).isZero();
                Outcome end = top.outcome();
                assertThat(end.code()).isEqualTo(1);
                assertThat(end.text().lines().reduce("", (before, last) -> last))
                        .contains(admin);
            }
        }
    }

    private Path script(String name, String text) throws Exception {
        Path script = Files.writeString(folder.resolve(name), "#!/bin/sh\n" + text + "\n");
        assertThat(script.toFile().setExecutable(true)).isTrue();
        return script;
    }
}
