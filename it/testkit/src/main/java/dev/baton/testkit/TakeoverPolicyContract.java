package dev.baton.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.pool.IdlePool;
import dev.baton.spi.pool.PoolSpec;
import dev.baton.spi.pool.Sharing;
import dev.baton.spi.pool.TakeoverPolicy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What every takeover policy promises about its pools of idle connections, on connections that consist of their claim
 * and loops whose threads and time are the test's: a policy's test extends this with its policy.
 *
 * <p>How it looks for a connection, in which order and how often it tries, is its own affair; that what it hands out is
 * alive and claimed by the caller alone is not, nor that idle + in use = open.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public abstract class TakeoverPolicyContract {
    private static final Duration IDLE_TIMEOUT = Duration.ofSeconds(8);

    /** Far above what a busy machine needs, since only a test that fails waits for so long. */
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final ManualLoop a = new ManualLoop(0);
    private final ManualLoop b = new ManualLoop(5);

    @SuppressWarnings("NullAway.Init") // before each test
    private IdlePool pool;

    /** For a plugin's test. */
    protected TakeoverPolicyContract() {}

    /** The policy under test; asked once for each pool. */
    protected abstract TakeoverPolicy policy();

    /** How long something that has to happen may take. */
    protected Duration patience() {
        return PATIENCE;
    }

    @BeforeEach
    final void openPool() {
        pool = open(100, Sharing.TAKEOVER);
    }

    private IdlePool open(int idleMax, Sharing sharing) {
        return policy().open(new PoolSpec(
                "app", "127.0.0.1:9001", "test", idleMax, IDLE_TIMEOUT, sharing, ManualLoop.loops(a, b)));
    }

    /** A new connection of this loop, put into the pool. */
    private FakeConnection idle(ManualLoop loop) {
        FakeConnection connection = opened(new FakeConnection(loop));
        assertThat(put(loop, connection)).isTrue();
        return connection;
    }

    private FakeConnection opened(FakeConnection connection) {
        connection.closeFuture().addListener(closed -> pool.remove(connection));
        return connection;
    }

    private boolean put(ManualLoop loop, MovableChannel connection) {
        return loop.call(() -> pool.put(loop, connection));
    }

    private @Nullable MovableChannel take(ManualLoop loop) {
        return loop.call(() -> pool.take(loop));
    }

    /** Takes until one is handed out: a policy may give up early after it was refused some. */
    private @Nullable MovableChannel takeInTheEnd(ManualLoop loop) {
        MovableChannel found = null;
        for (int tries = 0; tries < 10 && found == null; tries++) {
            found = take(loop);
        }
        return found;
    }

    private void leave(ManualLoop loop, MovableChannel connection) {
        loop.run(connection::leave);
    }

    // ---- what is handed out ---------------------------------------------------------------------------------------

    @Test
    final void shouldHaveNothingToTakeWhenEmpty() {
        assertThat(take(a)).isNull();
        assertThat(pool.figures().idle()).isZero();
    }

    @Test
    final void shouldHandOutWithTheClaim() {
        FakeConnection own = idle(a);

        assertThat(take(a)).isSameAs(own);
        assertThat(own.heldByCaller()).isTrue();
        assertThat(take(a)).isNull();
    }

    /** R36: a takeover costs more than a reuse. */
    @Test
    final void shouldTakeTheLoopsOwnFirst() {
        FakeConnection own = idle(a);
        FakeConnection other = idle(b);

        assertThat(take(a)).isSameAs(own);
        assertThat(take(a)).isSameAs(other);
        assertThat(other.loop()).isSameAs(a);
        assertThat(other.heldByCaller()).isTrue();
        assertThat(pool.figures().reusesLocal()).isEqualTo(1);
        assertThat(pool.figures().reusesTakeover()).isEqualTo(1);
    }

    @Test
    final void shouldLeaveOthersAloneWhenEachLoopKeepsItsOwn() {
        pool = open(100, Sharing.PER_LOOP);
        FakeConnection own = idle(a);
        FakeConnection other = idle(b);

        assertThat(take(a)).isSameAs(own);
        assertThat(take(a)).isNull();
        assertThat(take(b)).isSameAs(other);
    }

    /** R29: a connection that is busy stays as it is, and is there again when it is not. */
    @Test
    final void shouldPassOverWhatIsBusy() {
        FakeConnection busy = idle(b);
        assertThat(b.<Boolean>call(busy::tryEnter)).isTrue();

        assertThat(take(a)).isNull();
        assertThat(busy.loop()).isSameAs(b);
        assertThat(busy.isOpen()).isTrue();
        assertThat(pool.figures().takeoversRefused()).isPositive();

        leave(b, busy);
        assertThat(takeInTheEnd(a)).isSameAs(busy);
    }

    @Test
    final void shouldPassOverWhatHasTasksQueued() {
        FakeConnection queued = idle(a);
        queued.queued(true);
        assertThat(take(a)).isNull();

        queued.queued(false);
        assertThat(takeInTheEnd(a)).isSameAs(queued);
    }

    /** F8: a rescue has moved pooled connections; the entries still say where they were put. */
    @Test
    final void shouldFindRescuedConnectionsWhereTheyAreNow() {
        FakeConnection moved = idle(a);
        FakeConnection movedBack = idle(b);
        assertThat(moved.rescueTo(b)).isTrue();
        assertThat(movedBack.rescueTo(a)).isTrue();

        assertThat(List.of(Objects.requireNonNull(takeInTheEnd(a)), Objects.requireNonNull(takeInTheEnd(a))))
                .containsExactlyInAnyOrder(moved, movedBack);
        assertThat(moved.loop()).isSameAs(a);
        assertThat(movedBack.loop()).isSameAs(a);
    }

    /** R34: a loop that stands in the middle of a take keeps no other loop from its own. */
    @Test
    final void shouldNotWaitForALoopThatStandsInATake() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        FakeConnection slow = opened(new FakeConnection(a) {
            @Override
            public TakeoverResult takeover(Loop thief) {
                inside.countDown();
                await(goOn);
                return super.takeover(thief);
            }
        });
        assertThat(put(a, slow)).isTrue();
        FutureTask<@Nullable MovableChannel> other = new FutureTask<>(() -> take(b));
        new Thread(other, "loop b").start();
        try {
            await(inside);
            FakeConnection own = idle(a);
            assertThat(take(a)).isSameAs(own);
            leave(a, own);
            assertThat(put(a, own)).isTrue();
            pool.figures();
        } finally {
            goOn.countDown();
        }
        assertThat(other.get(patience().toMillis(), TimeUnit.MILLISECONDS)).isSameAs(slow);
    }

    private void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(patience().toMillis(), TimeUnit.MILLISECONDS))
                    .isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    // ---- what is closed -------------------------------------------------------------------------------------------

    @Test
    final void shouldNotKeepWhatIsClosedAlready() {
        FakeConnection closed = new FakeConnection(a);
        closed.close();
        assertThat(put(a, closed)).isFalse();
        assertThat(pool.figures().idle()).isZero();
    }

    @Test
    final void shouldForgetWhatClosesWhileIdle() {
        FakeConnection stays = idle(a);
        FakeConnection closes = idle(a);

        closes.close();
        assertThat(pool.figures().idle()).isEqualTo(1);
        assertThat(take(a)).isSameAs(stays);
        pool.remove(closes);
        assertThat(pool.figures().idle()).isZero();
        assertThat(take(b)).isNull();
    }

    /** The close is not noticed before the take: the entry is stale, the connection says so itself. */
    @Test
    final void shouldNotHandOutWhatIsClosedAndNotRemovedYet() {
        FakeConnection unnoticed = new FakeConnection(a);
        assertThat(put(a, unnoticed)).isTrue();
        unnoticed.close();

        assertThat(takeInTheEnd(b)).isNull();
        assertThat(takeInTheEnd(a)).isNull();
        assertThat(unnoticed.closes()).isEqualTo(1);
    }

    /**
     * R33: the peer closes in the very moment of the put, and {@code remove} comes before there is anything to remove.
     */
    @Test
    final void shouldNotKeepWhatClosesDuringThePut() {
        List<FakeConnection> puts = new ArrayList<>();
        for (int look = 1; look <= 4; look++) {
            int last = look;
            FakeConnection closes = opened(new FakeConnection(a) {
                private int looks;

                @Override
                public boolean isActive() {
                    boolean active = super.isActive();
                    if (++looks == last) {
                        close();
                    }
                    return active;
                }
            });
            put(a, closes);
            closes.close();
            puts.add(closes);
        }
        assertThat(takeInTheEnd(a)).isNull();
        assertThat(pool.figures().idle()).isZero();
        assertThat(puts).allMatch(connection -> connection.closes() == 1);
    }

    // ---- limits ---------------------------------------------------------------------------------------------------

    @Test
    final void shouldHoldIdleMaxOverAllLoops() {
        pool = open(2, Sharing.TAKEOVER);
        idle(a);
        FakeConnection second = idle(b);

        assertThat(put(a, new FakeConnection(a))).isFalse();
        assertThat(put(b, new FakeConnection(b))).isFalse();
        second.close();
        assertThat(put(a, new FakeConnection(a))).isTrue();
        assertThat(pool.figures().idle()).isEqualTo(2);
    }

    @Test
    final void shouldKeepNoneWhenIdleMaxIsZero() {
        pool = open(0, Sharing.TAKEOVER);
        assertThat(put(a, new FakeConnection(a))).isFalse();
        assertThat(pool.figures().idle()).isZero();
    }

    /** Never before the timeout, and at most half as long again after it; once. */
    @Test
    final void shouldCloseWhatIsIdleTooLong() {
        FakeConnection expires = idle(a);

        advance(IDLE_TIMEOUT.toMillis() - 1);
        assertThat(expires.isOpen()).isTrue();
        advance(IDLE_TIMEOUT.toMillis() / 2 + 1);
        assertThat(expires.closes()).isEqualTo(1);
        assertThat(pool.figures().idle()).isZero();
        advance(3 * IDLE_TIMEOUT.toMillis());
        assertThat(expires.closes()).isEqualTo(1);
    }

    @Test
    final void shouldNotCloseWhatIsInUse() {
        FakeConnection used = idle(a);
        advance(IDLE_TIMEOUT.toMillis() / 2);
        assertThat(take(a)).isSameAs(used);
        advance(3 * IDLE_TIMEOUT.toMillis());
        assertThat(used.isOpen()).isTrue();

        leave(a, used);
        assertThat(put(a, used)).isTrue();
        advance(IDLE_TIMEOUT.toMillis() - 1);
        assertThat(used.isOpen()).isTrue();
        advance(IDLE_TIMEOUT.toMillis() / 2 + 1);
        assertThat(used.closes()).isEqualTo(1);
    }

    /** No timer stays behind: a pool that is empty costs its loops nothing. */
    @Test
    final void shouldLeaveNoTimerWhenNothingIsIdle() {
        idle(a).close();
        idle(b).close();
        advance(3 * IDLE_TIMEOUT.toMillis());
        assertThat(a.timersIdle()).isTrue();
        assertThat(b.timersIdle()).isTrue();
    }

    private void advance(long millis) {
        a.advance(millis, TimeUnit.MILLISECONDS);
        b.advance(millis, TimeUnit.MILLISECONDS);
    }

    @Test
    final void shouldCloseWhatIsIdleAndWhatComesLaterWhenClosed() {
        FakeConnection inUse = idle(a);
        assertThat(take(a)).isSameAs(inUse);
        FakeConnection idle = idle(b);

        pool.close();
        assertThat(idle.closes()).isEqualTo(1);
        assertThat(inUse.isOpen()).isTrue();
        leave(a, inUse);
        assertThat(put(a, inUse)).isFalse();
        assertThat(take(a)).isNull();
        assertThat(pool.figures().idle()).isZero();
        pool.close();
        assertThat(idle.closes()).isEqualTo(1);
    }

    // ---- all at once ----------------------------------------------------------------------------------------------

    /** R32, R33 and F8, by loops on threads of their own; see {@link PoolTumult}. */
    @ParameterizedTest
    @EnumSource(Sharing.class)
    final void shouldLoseNothingAndHandNothingOutTwice(Sharing sharing) throws Exception {
        new PoolTumult(policy(), sharing).run();
    }
}
