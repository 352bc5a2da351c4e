package dev.baton.runtime.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.metrics.Meters;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.pool.IdlePool;
import dev.baton.spi.pool.PoolFigures;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The race in which an address goes: somebody has seen the old addresses and is making their pools while somebody else
 * has seen the new ones. Whoever is late must not bring an address back, and each pool that was opened and is not used
 * must be closed.
 */
class EndpointPoolsTest {
    private final List<Pool> opened = new ArrayList<>();
    private HostLookup.@Nullable Reply reply;
    private final TestTime time = new TestTime();
    private final HostNames names = new HostNames((host, told) -> reply = told, time, time::nanoTime);
    private final ServerLocator locator = new ServerLocator(
            "app.test:80",
            new UpstreamEnv(
                    plugin -> {
                        throw new AssertionError();
                    },
                    names,
                    listener -> null,
                    new LoopRegistry(),
                    new Meters()));
    /** Runs at the next opening of a pool: in the middle of a replacement. */
    private Runnable meanwhile = () -> {};

    private boolean drained;
    private final EndpointPools pools =
            new EndpointPools(() -> drained ? Endpoints.NONE : locator.endpoints(), this::open);

    private IdlePool open() {
        Runnable first = meanwhile;
        meanwhile = () -> {};
        first.run();
        Pool pool = new Pool();
        opened.add(pool);
        return pool;
    }

    private void answer(int... last) {
        List<InetAddress> addresses = new ArrayList<>();
        for (int each : last) {
            try {
                addresses.add(InetAddress.getByAddress(new byte[] {10, 0, 0, (byte) each}));
            } catch (UnknownHostException e) {
                throw new AssertionError(e);
            }
        }
        Objects.requireNonNull(reply).found(addresses);
    }

    private void pass() {
        time.pass(HostLookup.REFRESH);
    }

    private List<IdlePool> alive() {
        List<IdlePool> alive = new ArrayList<>();
        for (Pool each : opened) {
            if (!each.closed) {
                alive.add(each);
            }
        }
        return alive;
    }

    @Test
    void shouldNotBringAnAddressBackThatWentWhileItsPoolWasMade() {
        answer(1);
        meanwhile = () -> {
            pass();
            answer(2);
            pools.follow();
        };
        pools.follow();
        assertThat(locator.endpoints().current()).hasSize(1);
        assertThat(pools.all()).containsExactlyInAnyOrderElementsOf(alive());
        for (int i = 0; i < 2; i++) {
            pass();
            answer(2);
        }
        pools.follow();
        assertThat(pools.all()).hasSize(1).containsExactlyElementsOf(alive());
        assertThat(pools.next()).isSameAs(pools.all().get(0));
    }

    /** Also of those that are made while it runs: what they were opened for is of before. */
    @Test
    void shouldKeepNothingOpenOfWhatWasThereBeforeARenewal() {
        answer(1, 2);
        pools.follow();
        List<IdlePool> before = pools.all();
        meanwhile = () -> {
            pass();
            answer(1, 2, 3);
            pools.follow();
        };
        pools.renew();
        assertThat(pools.all()).hasSize(3).doesNotContainAnyElementsOf(before);
        assertThat(pools.all()).containsExactlyInAnyOrderElementsOf(alive());
        pools.close();
        pools.renew();
        assertThat(alive()).isEmpty();
    }

    @Test
    void shouldCloseThePoolsThatAreMadeAfterTheClose() {
        answer(1);
        pools.follow();
        meanwhile = pools::close;
        pass();
        answer(1, 2);
        pools.follow();
        assertThat(opened).hasSize(2);
        assertThat(alive()).isEmpty();
    }

    @Test
    void shouldKeepNothingOpenOfAServerThatIsDrainedWhileItsPoolsAreMade() {
        answer(1);
        meanwhile = () -> {
            drained = true;
            pools.follow();
        };
        assertThat(pools.next()).isNull();
        assertThat(opened).hasSize(1);
        assertThat(alive()).isEmpty();
    }

    @Test
    void shouldOpenNewPoolsOfAServerThatWasDrained() {
        answer(1);
        IdlePool before = pools.next();
        drained = true;
        pools.follow();
        assertThat(alive()).isEmpty();
        drained = false;
        assertThat(pools.next()).isNotNull().isNotSameAs(before);
        assertThat(pools.isOpen(Objects.requireNonNull(before)))
                .as("what was taken before the drain does not rest again")
                .isFalse();
    }

    @Test
    void shouldKeepTheFiguresOfAddressesThatAreGone() {
        for (int address = 1; address < 30; address++) {
            answer(address);
            pools.follow();
            pass();
        }
        assertThat(pools.figures().reusesLocal()).as("one of each pool").isEqualTo(opened.size());
        assertThat(alive()).as("the others are held for 10 s").hasSizeLessThan(5);
    }

    /** A pool that notes whether it is closed. */
    private static final class Pool implements IdlePool {
        boolean closed;

        @Override
        public @Nullable MovableChannel take(Loop loop) {
            return null;
        }

        @Override
        public boolean put(Loop loop, MovableChannel connection) {
            return !closed;
        }

        @Override
        public void remove(MovableChannel connection) {}

        @Override
        public void close() {
            closed = true;
        }

        @Override
        public PoolFigures figures() {
            return new PoolFigures(0, 1, 0, 0);
        }
    }
}
