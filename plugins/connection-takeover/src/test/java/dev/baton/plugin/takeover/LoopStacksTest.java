package dev.baton.plugin.takeover;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.pool.PoolFigures;
import dev.baton.spi.pool.PoolSpec;
import dev.baton.spi.pool.Sharing;
import dev.baton.testkit.FakeConnection;
import dev.baton.testkit.ManualLoop;
import io.netty.util.Attribute;
import io.netty.util.AttributeKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LoopStacksTest {
    private final ManualLoop a = new ManualLoop(0);
    private final ManualLoop b = new ManualLoop(5);
    private LoopStacks pool = pool(100, Sharing.TAKEOVER);

    private LoopStacks pool(int idleMax, Sharing sharing) {
        return new LoopStacks(new PoolSpec(
                "app", "127.0.0.1:9001", "test", idleMax, Duration.ofSeconds(8), sharing, ManualLoop.loops(a, b)));
    }

    /** A new connection of this loop, put into the pool. */
    private FakeConnection idle(ManualLoop loop) {
        FakeConnection connection = new FakeConnection(loop);
        connection.closeFuture().addListener(closed -> pool.remove(connection));
        assertThat(put(loop, connection)).isTrue();
        return connection;
    }

    private boolean put(ManualLoop loop, MovableChannel connection) {
        return loop.call(() -> pool.put(loop, connection));
    }

    private @Nullable MovableChannel take(ManualLoop loop) {
        return loop.call(() -> pool.take(loop));
    }

    private void leave(ManualLoop loop, MovableChannel connection) {
        loop.run(connection::leave);
    }

    private static PoolFigures figures(int idle, long local, long takeover, long refused) {
        return new PoolFigures(idle, local, takeover, refused);
    }

    @Test
    void aLoopTakesItsOwnFirstAndTheLatestOfThem() {
        FakeConnection first = idle(a);
        FakeConnection second = idle(a);
        FakeConnection other = idle(b);

        assertThat(take(a)).isSameAs(second);
        assertThat(second.heldByCaller()).isTrue();
        assertThat(take(a)).isSameAs(first);
        assertThat(take(a)).isSameAs(other);
        assertThat(other.loop()).isSameAs(a);
        assertThat(take(a)).isNull();
        assertThat(pool.figures()).isEqualTo(figures(0, 2, 1, 0));
    }

    /** To be closed, for the sake of its fd: no reuse, and another loop's also where the loops share nothing. */
    @Test
    void whatIsEvictedIsAnyLoopsAndNoReuse() {
        LoopStacks perLoop = pool(4, Sharing.PER_LOOP);
        FakeConnection other = new FakeConnection(b);
        assertThat(b.<Boolean>call(() -> perLoop.put(b, other))).isTrue();
        assertThat(a.<MovableChannel>call(() -> perLoop.take(a))).isNull();
        assertThat(a.<MovableChannel>call(() -> perLoop.evict(a))).isSameAs(other);
        assertThat(other.heldByCaller()).isTrue();
        assertThat(a.<MovableChannel>call(() -> perLoop.evict(a))).isNull();
        assertThat(perLoop.figures()).isEqualTo(figures(0, 0, 0, 0));
    }

    @Test
    void othersAreVisitedFromWhereOneWasFoundLast() {
        ManualLoop c = new ManualLoop(2);
        List<FakeConnection> ofB = List.of(idle(b), idle(b));
        FakeConnection ofC = idle(c);

        // The search begins after the loop's own place, so at c.
        assertThat(take(a)).isSameAs(ofC);
        assertThat(take(a)).isSameAs(ofB.get(1));
        idle(c);
        assertThat(take(a)).isSameAs(ofB.get(0));
    }

    /** A handoff: the time in the process before counts, and a timeout that is over there is over here. */
    @Test
    void whatAConnectionWasIdleForElsewhereCounts() {
        FakeConnection fresh = idle(a);
        FakeConnection old = new FakeConnection(a);
        assertThat(a.<Boolean>call(() -> pool.put(a, old, Duration.ofSeconds(5))))
                .isTrue();
        FakeConnection tooOld = new FakeConnection(a);
        assertThat(a.<Boolean>call(() -> pool.put(a, tooOld, Duration.ofSeconds(8))))
                .isFalse();
        assertThat(pool.figures().idle()).isEqualTo(2);

        a.advance(2_999, TimeUnit.MILLISECONDS);
        assertThat(old.isOpen()).isTrue();
        a.advance(1_002, TimeUnit.MILLISECONDS);
        assertThat(old.isOpen()).as("5 s there, 4 s here").isFalse();
        assertThat(fresh.isOpen()).isTrue();
        assertThat(pool.figures().idle()).isEqualTo(1);
    }

    @Test
    void aConnectionThatWasTakenTellsHowLongItWasIdle() {
        FakeConnection connection = idle(a);
        a.advance(4_500, TimeUnit.MILLISECONDS);
        assertThat(take(b)).isSameAs(connection);
        assertThat(b.<Duration>call(() -> pool.idleFor(connection)))
                .isBetween(Duration.ofSeconds(4), Duration.ofSeconds(5));
        FakeConnection stranger = new FakeConnection(a);
        assertThat(a.<Duration>call(() -> pool.idleFor(stranger))).isZero();
    }

    /** Row R33: the close falls between put's first look and the entry, so that remove() finds nothing yet. */
    @Test
    void closedDuringThePutIsNotKept() {
        FakeConnection closes = new FakeConnection(a) {
            @Override
            public <T> Attribute<T> attr(AttributeKey<T> key) {
                if (isOpen()) {
                    close();
                }
                return super.attr(key);
            }
        };
        closes.closeFuture().addListener(closed -> pool.remove(closes));

        assertThat(put(a, closes)).isFalse();
        assertThat(pool.figures().idle()).isZero();
        assertThat(take(a)).isNull();
    }

    /** The close is not noticed before the take: the entry is stale, the connection says so itself. */
    @Test
    void closedButNotRemovedYetIsDropped() {
        FakeConnection stays = idle(a);
        FakeConnection unnoticed = new FakeConnection(a);
        put(a, unnoticed);
        unnoticed.close();

        assertThat(take(b)).isSameAs(stays);
        assertThat(pool.figures()).isEqualTo(figures(0, 0, 1, 0));
        assertThat(unnoticed.closes()).isEqualTo(1);
    }

    /** Row F8: a rescue has moved a pooled connection; the entry still stands in the old loop's stack. */
    @Test
    void rescuedConnectionsAreTakenFromWhereTheyAreNow() {
        FakeConnection moved = idle(a);
        FakeConnection movedBack = idle(b);
        assertThat(moved.rescueTo(b)).isTrue();
        assertThat(movedBack.rescueTo(a)).isTrue();

        assertThat(take(a)).isSameAs(moved);
        assertThat(moved.loop()).isSameAs(a);
        // In b's stack, but a's by now: entered, not taken over.
        assertThat(take(a)).isSameAs(movedBack);
        assertThat(pool.figures()).isEqualTo(figures(0, 1, 1, 0));
    }

    @Test
    void threeRefusalsAreEnough() {
        FakeConnection free = idle(b);
        List<FakeConnection> busy = List.of(idle(b), idle(b), idle(b));
        busy.forEach(
                connection -> assertThat(b.<Boolean>call(connection::tryEnter)).isTrue());

        assertThat(take(a)).isNull();
        assertThat(pool.figures()).isEqualTo(figures(4, 0, 0, 3));

        busy.forEach(connection -> leave(b, connection));
        for (int i = 0; i < 3; i++) {
            assertThat(take(a)).isIn(busy);
        }
        assertThat(take(a)).isSameAs(free);
    }

    @Test
    void refusedThreeTimesInARowIsClosed() {
        FakeConnection stuck = idle(b);
        FakeConnection other = idle(b);
        assertThat(b.<Boolean>call(stuck::tryEnter)).isTrue();

        assertThat(take(a)).isSameAs(other);
        for (int refusal = 1; refusal <= 3; refusal++) {
            assertThat(stuck.isOpen()).isTrue();
            assertThat(take(a)).isNull();
        }
        assertThat(stuck.isOpen()).isFalse();
        assertThat(stuck.closes()).isZero();
        leave(b, stuck);
        assertThat(stuck.closes()).isEqualTo(1);
        assertThat(pool.figures().idle()).isZero();
    }

    @Test
    void idleTooLongIsClosedOnceAndInTime() {
        FakeConnection early = idle(a);
        a.advance(3, TimeUnit.SECONDS);
        FakeConnection late = idle(a);

        a.advance(4_999, TimeUnit.MILLISECONDS);
        assertThat(early.isOpen()).isTrue();
        a.advance(1_001, TimeUnit.MILLISECONDS);
        assertThat(early.closes()).isEqualTo(1);
        assertThat(late.isOpen()).isTrue();
        assertThat(pool.figures().idle()).isEqualTo(1);

        a.advance(3, TimeUnit.SECONDS);
        assertThat(late.closes()).isEqualTo(1);
        assertThat(pool.figures().idle()).isZero();
        assertThat(a.timersIdle()).isTrue();
    }

    @Test
    void manyExpireInSeveralTurns() {
        pool = pool(1_000, Sharing.TAKEOVER);
        List<FakeConnection> all = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            all.add(idle(a));
        }
        a.advance(9, TimeUnit.SECONDS);
        assertThat(all).allMatch(connection -> connection.closes() == 1);
        a.advance(1, TimeUnit.SECONDS); // the tick that finds nothing more
        assertThat(a.timersIdle()).isTrue();
    }

    @Test
    void deadEntriesDoNotPileUp() {
        pool = pool(10_000, Sharing.TAKEOVER);
        FakeConnection bottom = idle(a);
        for (int i = 0; i < 5_000; i++) {
            idle(a).close();
            assertThat(pool.deadEntries()).isLessThanOrEqualTo(20);
        }
        assertThat(take(a)).isSameAs(bottom);
        assertThat(take(a)).isNull();
        assertThat(pool.deadEntries()).isZero();
    }
}
