package dev.baton.it.http;

import static dev.baton.it.http.ChaosOrigin.ascii;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.it.http.HttpStream.Message;
import dev.baton.spi.poller.PollerProvider;
import io.netty.channel.Channel;
import java.io.IOException;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Answers must not mix (rows R28, R30 and F4 of the list of races): three loops serve many clients and keep taking both
 * ends of exchanges from each other, while servers die at any moment, stop and come back. Each answer carries what its
 * request asked for; a request may fail, but not with another's answer.
 */
@Timeout(120)
class ProxyUnderLoadIT {
    private static final int CLIENTS = 12;
    private static final int REQUESTS = 300;
    /** Answers of one client between two restarts of a server. */
    private static final int RESTART_EVERY = 60;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AtomicInteger answered = new AtomicInteger();
    private final AtomicInteger badGateways = new AtomicInteger();
    private final AtomicInteger cut = new AtomicInteger();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    @ParameterizedTest
    @MethodSource("dev.baton.it.Pollers#all")
    void noAnswerIsAnothers(PollerProvider poller) throws Exception {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("ProxyUnderLoadIT, -Dseed=" + seed);
        SplittableRandom random = new SplittableRandom(seed);
        ProxyRig.Options options = new ProxyRig.Options();
        options.loops = 3;
        options.accepting = 3;
        try (Origin a = new Origin(new ChaosOrigin(random.split()));
                Origin b = new Origin(new ChaosOrigin(random.split()));
                ProxyRig rig = new ProxyRig(poller, options, ProxyRig.addresses(a, b))) {
            try (ProxyRig.Moving moving = rig.keepMoving(random.split())) {
                List<Future<?>> clients = new ArrayList<>();
                for (int i = 0; i < CLIENTS; i++) {
                    int id = i;
                    SplittableRandom dice = random.split();
                    List<Origin> restarted = i == 0 ? List.of(a, b) : List.of();
                    clients.add(threads.submit(() -> {
                        ask(rig, id, dice, restarted);
                        return null;
                    }));
                }
                for (Future<?> client : clients) {
                    client.get(100, TimeUnit.SECONDS);
                }
            }
            System.out.println(answered + " answered, " + badGateways + " bad gateways, " + cut + " cut, "
                    + rig.takeovers() + " takeovers, " + rig.upstream.snapshots());
            assertThat(a.failures).isEmpty();
            assertThat(b.failures).isEmpty();
            assertThat(rig.upstream.loops.failures()).isEmpty();
            // Of all requests a few percent meet a server that dies.
            assertThat(answered.get()).isGreaterThan(CLIENTS * REQUESTS * 7 / 10);
            assertThat(rig.takeovers()).isGreaterThan(CLIENTS * REQUESTS / 10);
            assertThat(rig.upstream.snapshots()).allMatch(server -> server.reusesTakeover() > 0);
            await().untilAsserted(() -> {
                assertThat(rig.clients).noneMatch(Channel::isOpen);
                assertThat(rig.upstream.snapshots()).allMatch(server -> server.inUse() == 0);
            });
        }
    }

    /** One client: all its requests, on as many connections as that takes. */
    private void ask(ProxyRig rig, int id, SplittableRandom dice, List<Origin> restarted) throws IOException {
        int sent = 0;
        int restarts = 0;
        while (sent < REQUESTS) {
            try (HttpStream client = rig.client()) {
                boolean open = true;
                while (open && sent < REQUESTS) {
                    int batch = 1 + (dice.nextInt(4) == 0 ? dice.nextInt(4) : 0);
                    List<String> tokens = new ArrayList<>();
                    List<Integer> lengths = new ArrayList<>();
                    for (int i = 0; i < batch; i++) {
                        tokens.add(id + "." + sent++);
                        lengths.add(ChaosOrigin.length(dice));
                    }
                    open = send(client, tokens, lengths, dice) && receive(client, tokens, lengths);
                    if (!restarted.isEmpty() && sent / RESTART_EVERY > restarts) {
                        Origin origin = restarted.get(restarts++ % restarted.size());
                        origin.stop();
                        origin.restart();
                    }
                }
            }
        }
    }

    private boolean send(HttpStream client, List<String> tokens, List<Integer> lengths, SplittableRandom dice)
            throws IOException {
        try {
            for (int i = 0; i < tokens.size(); i++) {
                String fields = "Host: shop\r\nX-Token: " + tokens.get(i) + "\r\nX-Length: " + lengths.get(i) + "\r\n";
                // The last of a batch may have a body: who pipelines behind one cannot know whether it is read.
                int kind = i == tokens.size() - 1 ? dice.nextInt(3) : 0;
                byte[] body = ChaosOrigin.body(tokens.get(i), lengths.get(i));
                switch (kind) {
                    case 0 -> client.send("GET / HTTP/1.1\r\n" + fields + "\r\n");
                    case 1 -> {
                        client.send("POST / HTTP/1.1\r\n" + fields + "Content-Length: " + body.length + "\r\n\r\n");
                        client.send(body);
                    }
                    default -> {
                        client.send(ascii("POST / HTTP/1.1\r\n" + fields + "Transfer-Encoding: chunked\r\n\r\n"));
                        client.send(ChaosOrigin.chunks(body, dice));
                    }
                }
            }
            return true;
        } catch (SocketException e) {
            // Closed by the proxy: the answer says why, if one is there.
            return true;
        }
    }

    /** False: the connection is over. */
    private boolean receive(HttpStream client, List<String> tokens, List<Integer> lengths) {
        for (int i = 0; i < tokens.size(); i++) {
            Message answer;
            try {
                answer = client.readResponse(false);
            } catch (IOException e) {
                cut.incrementAndGet();
                return false;
            }
            if (answer == null) {
                return false;
            }
            if (answer.status() == 200) {
                assertThat(answer.field("X-Token")).isEqualTo(tokens.get(i));
                boolean whole = answer.field("X-Ends") == null;
                assertThat(answer.body())
                        .isEqualTo(ChaosOrigin.body(tokens.get(i), whole ? lengths.get(i) : answer.body().length));
                answered.incrementAndGet();
            } else {
                assertThat(answer.status()).isEqualTo(502);
                badGateways.incrementAndGet();
            }
            if ("close".equals(answer.field("Connection"))) {
                return false;
            }
        }
        return true;
    }
}
