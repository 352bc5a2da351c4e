package dev.baton.it.upgrade;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Clients that have always sent several requests more than were answered: their connections are never between two
 * requests by themselves, and go to the next process all the same, without an answer too few or a word of their end.
 */
@Timeout(value = 4, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PipeliningUpgradeIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int CLIENTS = 8;
    private static final int AHEAD = 4;

    /** An hour of grace: an old process that has to wait for these clients never ends. */
    private static final String YAML = """
            version: 1
            loops: 2
            grace: 1h
            admin: { listen: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:0", service: shop }
            services:
              shop: { type: http, upstream: app }
            upstreams:
              app: { servers: ["ORIGIN"] }
            """;

    @TempDir
    private Path folder;

    private final LongAdder answers = new LongAdder();
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private volatile boolean over;

    private void ask(InetSocketAddress address) {
        byte[] request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
        try (Socket socket = new Socket(address.getAddress(), address.getPort());
                BufferedReader in = new BufferedReader(
                        new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1))) {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout((int) PATIENCE.toMillis());
            int sent = 0;
            for (int received = 0; received < sent || !over; received++) {
                for (; sent < received + AHEAD && !over; sent++) {
                    socket.getOutputStream().write(request);
                }
                if (received < sent) {
                    readAnswer(in);
                    answers.increment();
                }
            }
        } catch (Throwable t) {
            failures.add(t);
        }
    }

    private static void readAnswer(BufferedReader in) throws IOException {
        assertThat(in.readLine()).isEqualTo("HTTP/1.1 200 OK");
        String line = in.readLine();
        while (line != null && !line.isEmpty()) {
            assertThat(line).isNotEqualToIgnoringCase("Connection: close");
            line = in.readLine();
        }
        char[] body = new char[5];
        for (int read = 0; read < body.length; ) {
            int more = in.read(body, read, body.length - read);
            assertThat(more).isPositive();
            read += more;
        }
        assertThat(new String(body)).isEqualTo("hello");
    }

    private void awaitAnswers() {
        long before = answers.sum();
        await().atMost(PATIENCE).until(() -> !failures.isEmpty() || answers.sum() > before + 100 * CLIENTS);
        assertThat(failures).isEmpty();
    }

    @Tag("long")
    @Test
    void connectionsOfClientsThatAlwaysSendAheadGoToTheNextProcess() throws Exception {
        List<Thread> threads = new ArrayList<>();
        try (CountingOrigin origin = new CountingOrigin();
                UpgradeRig rig = new UpgradeRig(folder, YAML.replace("ORIGIN", origin.address()))) {
            InetSocketAddress address = rig.address("web");
            for (int i = 0; i < CLIENTS; i++) {
                Thread thread = new Thread(() -> ask(address), "client " + i);
                threads.add(thread);
                thread.start();
            }
            awaitAnswers();
            for (int i = 0; i < 2; i++) {
                long old = rig.pid();
                assertThat(rig.upgrade("").getBoolean("upgraded")).isTrue();
                long serving = System.nanoTime();
                UpgradeRig.awaitEnd(old);
                System.out.printf(
                        "upgrade %d: the old process was gone %d ms after the new one served%n",
                        i + 1, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - serving));
                awaitAnswers();
            }
            over = true;
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(failures).isEmpty();
        } finally {
            over = true;
        }
    }
}
