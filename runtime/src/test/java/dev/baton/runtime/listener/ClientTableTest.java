package dev.baton.runtime.listener;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One client took every place of a listener: nothing counted what it had. */
@Timeout(60)
class ClientTableTest {
    private static final double NO_RATE = Double.POSITIVE_INFINITY;

    private long clock = Long.MAX_VALUE - 100; // it overflows like any other

    private ClientTable table(int max, double perSecond) {
        return new ClientTable(max, perSecond, () -> clock);
    }

    private static SocketAddress at(String address) throws Exception {
        return new InetSocketAddress(InetAddress.getByName(address), 1);
    }

    private static SocketAddress number(int number) throws Exception {
        return new InetSocketAddress(
                InetAddress.getByAddress(new byte[] {10, (byte) (number >> 16), (byte) (number >> 8), (byte) number}),
                1);
    }

    @Test
    void eachClientHasItsOwnLimit() throws Exception {
        ClientTable table = table(2, NO_RATE);
        int first = table.enter(at("192.0.2.1"));
        assertThat(first).isNotNegative();
        assertThat(table.enter(at("192.0.2.1"))).isEqualTo(first);
        assertThat(table.enter(at("192.0.2.1"))).isEqualTo(ClientTable.TOO_MANY);
        assertThat(table.enter(at("192.0.2.2"))).isNotNegative().isNotEqualTo(first);
        assertThat(table.clients()).isEqualTo(2);
        table.leave(first);
        assertThat(table.enter(at("192.0.2.1"))).isEqualTo(first);
        assertThat(table.enter(at("192.0.2.1"))).isEqualTo(ClientTable.TOO_MANY);
    }

    @Test
    void anIpv6ClientIsANetworkOf64Bits() throws Exception {
        ClientTable table = table(1, NO_RATE);
        assertThat(table.enter(at("2001:db8:0:1::1"))).isNotNegative();
        assertThat(table.enter(at("2001:db8:0:1:ffff:1:2:3"))).isEqualTo(ClientTable.TOO_MANY);
        assertThat(table.enter(at("2001:db8:0:2::1"))).isNotNegative();
        assertThat(table.enter(at("::1"))).isNotNegative();
        assertThat(table.enter(at("::1"))).isEqualTo(ClientTable.TOO_MANY);
        assertThat(table.enter(at("0.0.0.1"))).as("no relation of ::1").isNotNegative();
    }

    @Test
    void whatHasNoAddressOfTheInternetHasNoLimit() {
        ClientTable table = table(1, NO_RATE);
        for (int i = 0; i < 3; i++) {
            int slot = table.enter(UnixDomainSocketAddress.of("/run/shop.sock"));
            assertThat(slot).isEqualTo(ClientTable.UNCOUNTED);
        }
        table.leave(ClientTable.UNCOUNTED);
        assertThat(table.clients()).isZero();
    }

    @Test
    void whoOpensConnectionsTooFastIsRefusedUntilTimeHasPassed() throws Exception {
        ClientTable table = table(Integer.MAX_VALUE, 2);
        for (int i = 0; i < 10; i++) {
            int slot = table.enter(at("192.0.2.1"));
            assertThat(slot).as("a browser opens some at once").isNotNegative();
            table.leave(slot);
        }
        assertThat(table.enter(at("192.0.2.1"))).isEqualTo(ClientTable.TOO_FAST);
        assertThat(table.enter(at("192.0.2.2"))).isNotNegative();
        clock += TimeUnit.MILLISECONDS.toNanos(499);
        assertThat(table.enter(at("192.0.2.1"))).isEqualTo(ClientTable.TOO_FAST);
        clock += TimeUnit.MILLISECONDS.toNanos(2);
        assertThat(table.enter(at("192.0.2.1"))).isNotNegative();
        assertThat(table.enter(at("192.0.2.1"))).isEqualTo(ClientTable.TOO_FAST);
        assertThat(table.clients()).as("a refused one is not counted").isEqualTo(2);
    }

    /** Clients that come once and go are forgotten: however many there have been, the next one is counted. */
    @Test
    void slotsAreUsedAgain() throws Exception {
        ClientTable table = table(1, 1_000);
        for (int i = 0; i < 4 * ClientTable.SLOTS; i++) {
            int slot = table.enter(number(i));
            assertThat(slot).as("client %s", i).isNotNegative();
            table.leave(slot);
            clock += TimeUnit.MILLISECONDS.toNanos(1);
        }
        assertThat(table.clients()).isZero();
    }

    /**
     * More clients at the same time than it has slots: those beyond are let in, and those within keep to their limit.
     */
    @Test
    void aFullTableRefusesNobody() throws Exception {
        ClientTable table = table(1, NO_RATE);
        int counted = 0;
        for (int i = 0; i < 2 * ClientTable.SLOTS; i++) {
            int slot = table.enter(number(i));
            assertThat(slot).isGreaterThanOrEqualTo(ClientTable.UNCOUNTED);
            counted += slot >= 0 ? 1 : 0;
        }
        assertThat(counted).isBetween(ClientTable.SLOTS / 2, ClientTable.SLOTS).isEqualTo(table.clients());
        assertThat(table.enter(number(0))).isEqualTo(ClientTable.TOO_MANY);
    }

    @Test
    void theCountIsExactUnderLoad() throws Exception {
        int max = 3;
        ClientTable table = new ClientTable(max, NO_RATE, System::nanoTime);
        AtomicInteger[] now = {new AtomicInteger(), new AtomicInteger()};
        int[] held = new int[2];
        for (int client = 0; client < 2; client++) { // which claims their slots, once
            held[client] = table.enter(number(client));
        }
        ExecutorService threads = Executors.newFixedThreadPool(4);
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            int client = i % 2;
            SocketAddress address = number(client);
            running.add(threads.submit(() -> {
                for (int round = 0; round < 100_000; round++) {
                    int slot = table.enter(address);
                    if (slot >= 0) {
                        assertThat(now[client].incrementAndGet()).isLessThan(max);
                        now[client].decrementAndGet();
                        table.leave(slot);
                    }
                }
                return null;
            }));
        }
        threads.shutdown();
        for (Future<?> each : running) {
            each.get(50, TimeUnit.SECONDS);
        }
        assertThat(table.clients()).isEqualTo(2);
        table.leave(held[0]);
        table.leave(held[1]);
        assertThat(table.clients()).isZero();
    }
}
