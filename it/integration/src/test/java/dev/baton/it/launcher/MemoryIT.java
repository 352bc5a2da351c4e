package dev.baton.it.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.testkit.BatonProcess;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Clients that want more memory than there is end, the largest first, and nobody else does; one that does not read
 * holds little.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MemoryIT {
    private static final int HEAD = 58_000;
    private static final long MIB = 1 << 20;

    @TempDir
    Path folder;

    private BatonProcess serve(String memory) throws Exception {
        return BatonProcess.serve(folder, """
                version: 1
                loops: 2
                admin: { listen: "127.0.0.1:0" }
                memory: MEMORY
                listeners:
                  web: { bind: "127.0.0.1:0", service: shop }
                  origin: { bind: "127.0.0.1:0", service: demo }
                services:
                  shop: { type: http, upstream: app, header-timeout: 60s }
                  demo: { type: http, routes: [ { handler: demo-origin } ] }
                upstreams:
                  app: { servers: ["listener:origin"] }
                """.replace("MEMORY", memory));
    }

    private static long metric(BatonProcess baton, String name, String kind) throws Exception {
        String text = Client.get(baton.admin(), "/metrics").body();
        Matcher matcher =
                Pattern.compile(name + "\\{kind=\"" + kind + "\"} (\\S+)").matcher(text);
        assertThat(matcher.find()).as(text).isTrue();
        return (long) Double.parseDouble(matcher.group(1));
    }

    /** Once 3,000 of them ended a process of 128 MiB. The heads are one long line, or many lines. */
    @ParameterizedTest
    @ValueSource(ints = {1, 100})
    void unfinishedHeadsEndBeforeMemoryDoes(int lines) throws Exception {
        String kind = "direct"; // they stay as they came until they are whole
        String start = "GET / HTTP/1.1\r\nHost: a\r\n";
        String line = "X: " + "x".repeat(HEAD / lines);
        String head = start + (line + "\r\n").repeat(lines - 1) + line;
        List<Client> clients = new ArrayList<>();
        try (BatonProcess baton = serve("{ " + kind + ": 1% }")) {
            long budget = metric(baton, "baton_memory_budget_bytes", kind);
            int count = (int) (4 * budget / HEAD);
            for (int i = 0; i < count; i++) {
                clients.add(Client.connect(baton.listener("web")).send(head));
            }
            await().atMost(Duration.ofSeconds(60))
                    .until(() -> metric(baton, "baton_memory_evictions_total", kind) >= count / 2);
            assertThat(metric(baton, "baton_memory_held_bytes", kind)).isBetween(1L, budget + budget / 2);
            assertThat(clients.get(0).rest()).startsWith("HTTP/1.1 431 ");
            assertThat(Client.get(baton.listener("web"), "/bytes/3").body()).isEqualTo("012");
            for (Client client : clients) {
                client.close();
            }
            await().atMost(Duration.ofSeconds(60)).until(() -> metric(baton, "baton_memory_held_bytes", kind) == 0);
            assertThat(baton.text()).contains("connections hold ").doesNotContain("ERROR", "OutOfMemory");
        }
    }

    /** Once four of them took 1.4 GB in 25 seconds. */
    @Test
    void aClientThatAsksAndDoesNotReadHoldsLittle() throws Exception {
        ByteBuffer requests = ByteBuffer.wrap(
                "GET /nope HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2_000).getBytes(StandardCharsets.US_ASCII));
        try (BatonProcess baton = serve("{}")) {
            String web = baton.listener("web");
            int port = Integer.parseInt(web.substring(web.lastIndexOf(':') + 1));
            try (SocketChannel client =
                    SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))) {
                client.configureBlocking(false);
                long[] sent = new long[1];
                long[] quiet = new long[1];
                // Until the proxy has taken nothing for a while.
                await().pollInterval(Duration.ofMillis(20))
                        .atMost(Duration.ofSeconds(60))
                        .until(() -> {
                            long before = sent[0];
                            requests.rewind();
                            sent[0] += client.write(requests);
                            quiet[0] = sent[0] == before ? quiet[0] + 1 : 0;
                            return quiet[0] >= 50;
                        });
                assertThat(metric(baton, "baton_memory_held_bytes", "direct")).isBetween(1L, 512 * 1024L);
                assertThat(Client.get(web, "/bytes/3").body()).isEqualTo("012");
                assertThat(sent[0]).isLessThan(64 * MIB);
            }
        }
    }
}
