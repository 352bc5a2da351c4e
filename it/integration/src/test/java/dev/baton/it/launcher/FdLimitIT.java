package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.testkit.BatonProcess;
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
              shop: { type: http-proxy, upstream: app, first-request-timeout: 60s }
              page: { type: demo-origin }
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
        Path script = folder.resolve("limited");
        Files.writeString(
                script,
                "#!/bin/sh\nulimit -n " + limit + "\nexec "
                        + BatonProcess.distribution().resolve("bin/baton") + " \"$@\"\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        baton = BatonProcess.launch(script, folder, "run");
        return baton;
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
        client.getOutputStream().write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        StringBuilder line = new StringBuilder();
        for (int octet = client.getInputStream().read();
                octet >= 0 && octet != '\r';
                octet = client.getInputStream().read()) {
            line.append((char) octet);
        }
        return line.toString();
    }

    private long pauses() {
        return baton.text()
                .lines()
                .filter(line -> line.contains("listener web pauses: "))
                .count();
    }

    /** More clients than the limit allows: those who are in are answered, all at the same time, and so is the operator. */
    @Test
    void whoIsInIsAnsweredAndTheOthersWait() throws Exception {
        start(220, SHOP).await(line -> line.startsWith("ready in "));
        Matcher line = CLIENTS.matcher(
                baton.await(each -> each.contains("fd limit 220 ")).replaceFirst("^loops 2, ", ""));
        assertThat(line.matches()).as(baton.text()).isTrue();
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
                    answer = answerLine(client);
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
        baton.await(each -> each.contains("listener web goes on: it paused "));
        assertThat(pauses()).as(baton.text()).isEqualTo(1);
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
