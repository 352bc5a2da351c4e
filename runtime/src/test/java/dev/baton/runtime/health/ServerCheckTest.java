package dev.baton.runtime.health;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.config.CheckConfig;
import dev.baton.runtime.metrics.Meters;
import dev.baton.runtime.upstream.TestTime;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.upstream.UpstreamProtocol;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The checks of one server go on whatever its loops do, one at a time, and make it down and up. */
class ServerCheckTest {
    private static final Duration INTERVAL = Duration.ofSeconds(2);
    private static final Duration TIMEOUT = Duration.ofSeconds(1);
    private final ConnectException refused = new ConnectException("refused");

    private final TestTime time = new TestTime();
    private final List<TestLoop> loops = List.of(new TestLoop(0), new TestLoop(1));
    private final Meters metrics = new Meters();
    private final Queue<CheckConnector.Outcome> asked = new ArrayDeque<>();
    private final List<Loop> askedOn = new ArrayList<>();
    private final List<Health> changes = new ArrayList<>();
    private boolean wanted = true;
    private int closed;
    private final ServerCheck check = new ServerCheck(
            "app",
            "a:1",
            CheckConfig.of(CheckConfig.Type.TCP, INTERVAL, TIMEOUT, 2, 3),
            UpstreamProtocol.HTTP_1_1,
            new ServerCheck.Env(
                    time,
                    new Loops() {
                        @Override
                        public List<Loop> all() {
                            return List.copyOf(loops);
                        }

                        @Override
                        public @Nullable Loop current() {
                            return null;
                        }
                    },
                    time::nanoTime,
                    metrics),
            (loop, initializer, timeoutNanos, outcome) -> {
                asked.add(outcome);
                askedOn.add(loop);
            },
            new ServerCheck.Changes() {
                @Override
                public boolean isWanted() {
                    return wanted;
                }

                @Override
                public void changed() {
                    changes.add(ServerCheckTest.this.check.status().health());
                }
            });

    /** A loop that runs tasks at once, unless it is blocked or has ended. */
    private static final class TestLoop implements Loop {
        private final int id;
        private final EventLoop eventLoop = new EmbeddedChannel().eventLoop();
        private final Queue<Runnable> waiting = new ArrayDeque<>();
        private boolean blocked;
        private boolean ended;

        TestLoop(int id) {
            this.id = id;
        }

        void go() {
            blocked = false;
            for (Runnable next = waiting.poll(); next != null; next = waiting.poll()) {
                next.run();
            }
        }

        @Override
        public int id() {
            return id;
        }

        @Override
        public boolean inLoop() {
            return true;
        }

        @Override
        public void execute(Runnable task) {
            if (ended) {
                throw new RejectedExecutionException("ended");
            } else if (blocked) {
                waiting.add(task);
            } else {
                task.run();
            }
        }

        @Override
        public EventLoop eventLoop() {
            return eventLoop;
        }
    }

    private MovableChannel connection() {
        return (MovableChannel) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {MovableChannel.class}, (proxy, method, arguments) -> {
                    assertThat(method.getName()).isEqualTo("close");
                    closed++;
                    return null;
                });
    }

    private void passes() {
        asked.remove().connected(connection());
    }

    private void fails() {
        asked.remove().failed(refused, true);
    }

    /** Lets time pass until it is asked. */
    private void nextRound() {
        await(() -> !asked.isEmpty());
        assertThat(asked).as("one at a time").hasSize(1);
    }

    private void await(BooleanSupplier condition) {
        for (int i = 0; i < 300 && !condition.getAsBoolean(); i++) {
            time.pass(Duration.ofMillis(10));
        }
        assertThat(condition.getAsBoolean()).as("within 3 s").isTrue();
    }

    private long counted(String result) {
        return metrics.counter("baton_upstream_checks_total", "", "upstream", "app", "server", "a:1", "result", result)
                .count();
    }

    @Test
    void asksOnceInEachInterval() {
        check.start();
        assertThat(asked).as("not at once: many servers are checked").isEmpty();
        time.pass(INTERVAL);
        assertThat(asked).hasSize(1);
        for (int i = 0; i < 20; i++) {
            passes();
            time.pass(Duration.ofMillis(1799));
            assertThat(asked).isEmpty();
            time.pass(Duration.ofMillis(401));
            assertThat(asked).hasSize(1);
        }
        assertThat(closed).isEqualTo(20);
        assertThat(askedOn).as("on each loop in turn").contains(loops.get(0), loops.get(1));
        assertThat(check.status().health()).isEqualTo(Health.UP);
        assertThat(changes).as("it counted as up before").isEmpty();
        assertThat(counted("passed")).isEqualTo(20);
    }

    @Test
    void theIntervalIsATenthMoreOrLess() {
        Set<Integer> steps = new HashSet<>();
        check.start();
        nextRound();
        for (int i = 0; i < 20; i++) {
            passes();
            int waited = 0;
            while (asked.isEmpty()) {
                time.pass(Duration.ofMillis(10));
                waited++;
            }
            steps.add(waited);
        }
        assertThat(steps)
                .as("processes that start at once do not ask at once for ever")
                .hasSizeGreaterThan(5);
    }

    @Test
    void severalInARowMakeItDownAndUpAgain() {
        check.start();
        for (int i = 0; i < 3; i++) {
            assertThat(changes).isEmpty();
            nextRound();
            fails();
        }
        assertThat(changes).containsExactly(Health.DOWN);
        assertThat(check.status().lastFailure()).isEqualTo("refused");
        nextRound();
        passes();
        assertThat(changes).hasSize(1);
        nextRound();
        passes();
        assertThat(changes).containsExactly(Health.DOWN, Health.UP);
        assertThat(counted("failed")).isEqualTo(3);
    }

    @Test
    void anotherLoopChecksIfOneIsBlocked() {
        loops.forEach(loop -> loop.blocked = true);
        check.start();
        await(() -> loops.stream().anyMatch(loop -> !loop.waiting.isEmpty()));
        TestLoop first = loops.get(0).waiting.isEmpty() ? loops.get(1) : loops.get(0);
        TestLoop other = loops.get(1 - first.id);
        assertThat(other.waiting).isEmpty();
        time.pass(Duration.ofMillis(100));
        assertThat(other.waiting).hasSize(1);
        other.go();
        assertThat(askedOn).containsExactly(other);
        first.go();
        assertThat(askedOn).as("it comes too late").hasSize(1);
        passes();
        assertThat(counted("passed")).isOne();
    }

    @Test
    void anotherLoopChecksIfOneHasEnded() {
        loops.get(0).ended = true;
        check.start();
        for (int i = 0; i < 6; i++) {
            nextRound();
            passes();
        }
        assertThat(askedOn).containsOnly(loops.get(1));
    }

    /** Nothing is heard of it, because this process is in trouble: that says nothing of the server. */
    @Test
    void whatHasNoResultIsGivenUp() {
        check.start();
        for (int i = 0; i < 5; i++) {
            nextRound();
            time.pass(TIMEOUT.plusSeconds(1));
            asked.remove().failed(refused, true);
        }
        assertThat(changes).isEmpty();
        assertThat(counted("undecided")).isEqualTo(5);
        assertThat(counted("failed")).as("they came too late").isZero();
    }

    @Test
    void allLoopsMayBeBlockedForLong() {
        loops.forEach(loop -> loop.blocked = true);
        check.start();
        time.pass(Duration.ofMinutes(1));
        loops.forEach(TestLoop::go);
        assertThat(asked).as("only the last has begun").hasSizeLessThan(2);
        assertThat(changes).isEmpty();
        asked.clear();
        time.pass(INTERVAL.multipliedBy(2));
        assertThat(asked).hasSize(1);
    }

    @Test
    void whatThisProcessLacksIsNotTheServers() {
        check.start();
        for (int i = 0; i < 5; i++) {
            nextRound();
            asked.remove().failed(new IOException("all fds are in use"), false);
        }
        assertThat(changes).isEmpty();
        assertThat(check.status().health()).isEqualTo(Health.UNKNOWN);
        assertThat(counted("undecided")).isEqualTo(5);
    }

    @Test
    void inMaintenanceItIsNotChecked() {
        check.start();
        for (int i = 0; i < 3; i++) {
            nextRound();
            fails();
        }
        nextRound();
        wanted = false;
        fails();
        assertThat(counted("failed")).as("it ended too late").isEqualTo(3);
        time.pass(INTERVAL.multipliedBy(3));
        assertThat(asked).isEmpty();
        assertThat(check.status().health()).as("nothing is known any longer").isEqualTo(Health.UNKNOWN);
        wanted = true;
        nextRound();
        passes();
        assertThat(check.status().health()).isEqualTo(Health.UP);
    }

    @Test
    void afterACloseNothingIsAsked() {
        check.start();
        nextRound();
        check.close();
        fails();
        time.pass(INTERVAL.multipliedBy(5));
        assertThat(asked).isEmpty();
        assertThat(time.isIdle()).as("no timer is left").isTrue();
        assertThat(counted("failed")).isZero();
    }
}
