package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.baton.spi.upstream.BalancedServer;
import dev.baton.spi.upstream.Balancer;
import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.ServerChoice;
import dev.baton.spi.upstream.UpstreamServer;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What every balancer promises: it chooses one of the servers that it was given, for any request and on many loops at
 * once, without waiting, and lets no server starve that is as good as the others. A balancer's test extends this. How
 * it shares the requests out is its own affair.
 */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public abstract class BalancerContract {
    private static final int REQUESTS = 4_000;
    private static final int THREADS = 4;

    /** For a plugin's test. */
    protected BalancerContract() {}

    /** The balancer under test; asked once a test. */
    protected abstract Balancer balancer();

    private static List<BalancedServer> servers(int count) {
        List<BalancedServer> servers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            servers.add(new Server(new UpstreamServer("10.0.0." + (i + 1) + ":80", 7 * i), 256, 0, 0));
        }
        return servers;
    }

    private record Server(UpstreamServer server, int weight, int inFlight, long latencyNanos)
            implements BalancedServer {}

    /** Requests of many clients, with fields and cookies, and some of which nothing is known. */
    private static RequestFacts request(int number) {
        if (number % 10 == 0) {
            return RequestFacts.NONE;
        }
        return new RequestFacts() {
            @Override
            public SocketAddress clientAddress() {
                return InetSocketAddress.createUnresolved("192.0.2." + number % 251, 1_024 + number);
            }

            @Override
            public @Nullable String field(String name) {
                return name.equalsIgnoreCase("cookie") ? "session=" + number : name + number;
            }
        };
    }

    @Test
    final void shouldChooseAmongTheServersThatItWasGiven() {
        Balancer balancer = balancer();
        for (int count : new int[] {2, 3, 17, 2}) {
            ServerChoice choice = balancer.over(List.copyOf(servers(count)));
            for (int i = 0; i < REQUESTS; i++) {
                assertThat(choice.choose(request(i)))
                        .as("place of the server that is chosen for request %d of %d servers", i, count)
                        .isBetween(0, count - 1);
            }
        }
    }

    @Test
    final void shouldLetNoServerStarve() {
        ServerChoice choice = balancer().over(servers(3));
        Set<Integer> chosen = new TreeSet<>();
        for (int i = 0; i < REQUESTS; i++) {
            chosen.add(choice.choose(request(i)));
        }
        assertThat(chosen)
                .as("servers of one weight, idle and equally fast, that got any of %d requests", REQUESTS)
                .containsExactly(0, 1, 2);
    }

    /** Extreme weights, full servers, and times that no clock can tell. */
    @Test
    final void shouldTakeServersOfAnyKind() {
        List<BalancedServer> servers = List.of(
                new Server(new UpstreamServer("one:1", 0), 1, Integer.MAX_VALUE, Long.MAX_VALUE),
                new Server(new UpstreamServer("two:2", 1), 65_536, 1_000_000, 0),
                new Server(new UpstreamServer("[::1]:3", Integer.MAX_VALUE), 1, 1, 1));
        Balancer balancer = balancer();
        assertThatCode(() -> {
                    ServerChoice choice = balancer.over(servers);
                    for (int i = 0; i < REQUESTS; i++) {
                        assertThat(choice.choose(request(i))).isBetween(0, 2);
                    }
                })
                .as("a choice among servers of extreme weight, load and latency")
                .doesNotThrowAnyException();
    }

    /** One comes, one goes: made anew on one thread while another one chooses by what was there before. */
    @Test
    final void shouldChooseOnManyLoopsAtOnce() throws Exception {
        Balancer balancer = balancer();
        // As two threads may, in the order that shows what they share.
        ServerChoice few = balancer.over(servers(2));
        ServerChoice many = balancer.over(servers(4));
        for (int request = 0; request < 8; request++) {
            assertThat(few.choose(request(request)))
                    .as("place of one of 2 servers, while there is a choice among 4 as well")
                    .isBetween(0, 1);
            assertThat(many.choose(request(request)))
                    .as("place of one of 4 servers, while there is a choice among 2 as well")
                    .isBetween(0, 3);
        }
        CyclicBarrier start = new CyclicBarrier(THREADS);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> runs = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                int thread = i;
                runs.add(threads.submit(() -> {
                    start.await();
                    for (int round = 0; round < 50; round++) {
                        int count = 2 + (round + thread) % 3;
                        ServerChoice choice = balancer.over(servers(count));
                        for (int request = 0; request < REQUESTS / 50; request++) {
                            assertThat(choice.choose(request(request)))
                                    .as("place of a server, chosen while other threads choose")
                                    .isBetween(0, count - 1);
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> run : runs) {
                run.get(30, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    final void shouldNeverWait() {
        Balancer balancer = balancer();
        balancer.over(servers(3)).choose(RequestFacts.NONE); // classes are loaded under locks of the JVM's
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long self = Thread.currentThread().getId();
        ThreadInfo before = threads.getThreadInfo(self);
        ServerChoice choice = balancer.over(servers(3));
        for (int i = 0; i < REQUESTS; i++) {
            choice.choose(request(i));
        }
        ThreadInfo after = threads.getThreadInfo(self);
        assertThat(after.getWaitedCount())
                .as("sleeps, parks and waits in %d choices, which run on loops", REQUESTS)
                .isEqualTo(before.getWaitedCount());
        assertThat(after.getBlockedCount()).as("monitors waited for").isEqualTo(before.getBlockedCount());
    }
}
