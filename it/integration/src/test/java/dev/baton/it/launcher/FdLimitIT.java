package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.testkit.BatonProcess;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A process under a limit of open files, as {@code ulimit -n} sets it. */
@Timeout(120)
class FdLimitIT {
    private static final Pattern CLIENTS =
            Pattern.compile("fd limit (\\d+) \\(.*\\), (\\d+) of them for clients: (\\d+) .*");

    private static final String SHOP = """
            version: 1
            loops: 2
            grace: 1s
            admin: { listen: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:0", service: shop }
              origin: { bind: "127.0.0.1:0", service: page }
            services:
              shop: { type: http, upstream: app, first-request-timeout: 60s }
              page: { type: http, first-request-timeout: 60s, routes: [ { handler: demo-origin } ] }
            upstreams:
              app: { servers: ["listener:origin"] }
            """;

    @TempDir
    Path folder;

    private BatonProcess baton;
    private final List<Socket> clients = new ArrayList<>();

    @AfterEach
    void end() throws IOException {
        for (Socket client : clients) {
            client.close();
        }
        if (baton != null) {
            baton.close();
        }
    }

    private BatonProcess start(int limit, String yaml) throws Exception {
        Files.writeString(folder.resolve("baton.yaml"), yaml);
        baton = launch(limit, "run");
        return baton;
    }

    private BatonProcess launch(int limit, String... arguments) throws Exception {
        Path script = folder.resolve("limited");
        Files.writeString(
                script,
                "#!/bin/sh\nulimit -n " + limit + "\nexec "
                        + BatonProcess.distribution().resolve("bin/baton") + " \"$@\"\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        return BatonProcess.launch(script, folder, arguments);
    }

    private Socket connect(String address) throws IOException {
        int colon = address.lastIndexOf(':');
        Socket socket = new Socket();
        clients.add(socket);
        socket.connect(
                new InetSocketAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1))),
                10_000);
        socket.setSoTimeout(20_000);
        return socket;
    }

    private static String answerLine(Socket client) throws IOException {
        return answerLine(client, "");
    }

    /** With bytes of the next request behind it. */
    private static String answerLine(Socket client, String next) throws IOException {
        send(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n" + next);
        return line(client);
    }

    private static void send(Socket client, String text) throws IOException {
        client.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static String line(Socket client) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int octet = client.getInputStream().read();
                octet >= 0 && octet != '\r';
                octet = client.getInputStream().read()) {
            line.append((char) octet);
        }
        return line.toString();
    }

    private Matcher clients() throws Exception {
        Matcher line = CLIENTS.matcher(
                baton.await(each -> each.contains("fd limit 220 ")).replaceFirst("^loops 2, ", ""));
        assertThat(line.matches()).as(baton.text()).isTrue();
        return line;
    }

    private long spares() throws Exception {
        return new JsonArray(Client.get(baton.admin(), "/v1/fds").body())
                .stream()
                        .map(JsonObject.class::cast)
                        .filter(fd -> fd.getString("kind").equals("spare"))
                        .count();
    }

    private long pauses() {
        return baton.text()
                .lines()
                .filter(line -> line.contains("listener web pauses: "))
                .count();
    }

    /**
     * More clients than the limit allows: those who are in are answered, all at the same time, and so is the operator.
     */
    @Test
    void whoIsInIsAnsweredAndTheOthersWait() throws Exception {
        start(220, SHOP).await(line -> line.startsWith("ready in "));
        Matcher line = clients();
        int most = Integer.parseInt(line.group(3));
        assertThat(Integer.parseInt(line.group(2)) / 3)
                .as("its own, and both ends of one to the origin")
                .isEqualTo(most);
        assertThat(most).isBetween(10, 40);

        String web = baton.listener("web");
        for (int i = 0; i < 2 * most; i++) {
            connect(web);
        }
        await().atMost(Duration.ofSeconds(20)).until(() -> pauses() == 1);
        List<Thread> asking = new ArrayList<>();
        List<String> answers = new ArrayList<>();
        for (Socket client : clients.subList(0, most)) {
            Thread thread = new Thread(() -> {
                String answer;
                try {
                    answer = answerLine(client, "G"); // not idle: the others wait
                } catch (IOException e) {
                    answer = e.toString();
                }
                synchronized (answers) {
                    answers.add(answer);
                }
            });
            asking.add(thread);
            thread.start();
        }
        for (Thread thread : asking) {
            thread.join();
        }
        assertThat(answers).hasSize(most).containsOnly("HTTP/1.1 200 OK");
        assertThat(Client.get(baton.admin(), "/v1/listeners").body()).contains("\"full\"");
        assertThat(Client.get(baton.admin(), "/metrics").body()).contains("baton_fds_open ");

        for (Socket client : clients.subList(0, most)) {
            client.close();
        }
        for (Socket client : clients.subList(most, 2 * most)) {
            assertThat(answerLine(client)).isEqualTo("HTTP/1.1 200 OK");
            client.close();
        }
        baton.await(each -> each.contains("listener web continues: it paused "));
        assertThat(pauses()).as(baton.text()).isEqualTo(1);
    }

    /** All who are in have had their answer: the one who has been idle longest goes for each who waits. */
    @Test
    void idleClientsMakeRoomForNewOnes() throws Exception {
        start(220, SHOP).await(line -> line.startsWith("ready in "));
        int most = Integer.parseInt(clients().group(3));
        String web = baton.listener("web");
        Socket begun = connect(web);
        assertThat(answerLine(begun, "GET /")).isEqualTo("HTTP/1.1 200 OK");
        for (int i = 1; i < 2 * most; i++) {
            assertThat(answerLine(connect(web))).as("client %s", i).isEqualTo("HTTP/1.1 200 OK");
        }
        for (Socket idle : clients.subList(1, most - 1)) {
            byte[] rest = idle.getInputStream().readAllBytes(); // to the end, without a reset
            assertThat(new String(rest, StandardCharsets.US_ASCII)).contains("ontent-");
        }
        begun.getInputStream().skipNBytes(begun.getInputStream().available());
        send(begun, " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assertThat(line(begun)).isEqualTo("HTTP/1.1 200 OK");
        assertThat(answerLine(clients.get(2 * most - 1))).isNotEmpty();
        Matcher closed = Pattern.compile("baton_listener_idle_closed_total\\{listener=\"web\"\\} (\\d+)")
                .matcher(Client.get(baton.admin(), "/metrics").body());
        assertThat(closed.find()).isTrue();
        assertThat(Integer.parseInt(closed.group(1))).isBetween(most - 1, most + 1);
    }

    /** Something in the process has opened every file that it may. */
    @Test
    void theAdminApiIsReachedWhenThereIsNoFdLeft() throws Exception {
        start(220, SHOP + "plugins: { enable: [chaos] }\n").await(line -> line.startsWith("ready in "));
        assertThat(spares()).isEqualTo(4);
        try (Client stays = Client.connect(baton.admin())) {
            stays.send("POST /v1/chaos/leak?fds=10000 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n");
            assertThat(stays.answer()).contains("Too many open files");
            for (int i = 0; i < 6; i++) {
                BatonProcess.Outcome status = BatonProcess.run(folder, "status", "--admin", baton.admin());
                assertThat(status.code()).as(status.text() + baton.text()).isZero();
            }
            assertThat(Client.get(baton.admin(), "/metrics").body()).contains("baton_fds_open ");
            stays.send("POST /v1/chaos/leak?fds=-10000 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n");
            assertThat(stays.answer()).contains("\"leaked\"");
        }
        await().atMost(Duration.ofSeconds(20)).until(() -> spares() == 4);
        assertThat(answerLine(connect(baton.listener("web")))).isEqualTo("HTTP/1.1 200 OK");
    }

    /** Too few for the JVM itself, just enough, and between: one line, and what to do. */
    @ParameterizedTest
    @ValueSource(strings = {"status", "check", "--version"})
    void aCommandIsOneLineHoweverSmallTheLimit(String command) throws Exception {
        Files.writeString(folder.resolve("baton.yaml"), SHOP);
        BatonProcess.Outcome tiny = launch(40, command).outcome();
        Matcher needs = Pattern.compile("baton: the limit of 40 open files is too small: baton " + command
                        + " needs (\\d+); it should be 1024 or more \\(ulimit -n, .*\\)\\s*")
                .matcher(tiny.text());
        assertThat(needs.matches()).as(tiny.text()).isTrue();
        int least = Integer.parseInt(needs.group(1));
        for (int limit : new int[] {least - 8, least - 5, least - 1}) {
            BatonProcess.Outcome outcome = launch(limit, command).outcome();
            assertThat(outcome.text()).hasLineCount(1).contains("the limit of " + limit + " open files is too small");
            assertThat(outcome.code()).isEqualTo(1);
        }
        BatonProcess.Outcome enough = launch(least, command).outcome();
        assertThat(enough.text())
                .doesNotContain("Exception", "\tat ", "too small: baton")
                .hasSizeLessThan(1_000);
        assertThat(enough.text().lines().count()).as(enough.text()).isLessThanOrEqualTo(2);
    }

    /** The same with a process to ask. */
    @Test
    void statusIsShownWithTheLeastThatItNeeds() throws Exception {
        start(1024, SHOP).await(line -> line.startsWith("ready in "));
        Matcher needs = Pattern.compile(" needs (\\d+)")
                .matcher(launch(40, "status").outcome().text());
        assertThat(needs.find()).isTrue();
        BatonProcess.Outcome status = launch(Integer.parseInt(needs.group(1)), "status", "--admin", baton.admin())
                .outcome();
        assertThat(status.code()).as(status.text()).isZero();
        assertThat(status.text()).contains("ready");
    }

    /** With an fd for each start, and not one for clients: one line, no trace. */
    @ParameterizedTest
    @ValueSource(ints = {20, 40, 64, 90})
    void aLimitThatIsTooSmallIsOneLine(int limit) throws Exception {
        BatonProcess.Outcome outcome = start(limit, SHOP).outcome();
        assertThat(outcome.code()).isEqualTo(1);
        assertThat(outcome.text())
                .hasLineCount(1)
                .matches("baton: the limit of " + limit + " open files is too small: .* \\d+ or more \\(ulimit -n.*");
    }
}
