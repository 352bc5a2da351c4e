package dev.baton.plugin.takeover;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.pool.IdlePool;
import dev.baton.spi.pool.PoolFigures;
import dev.baton.spi.pool.PoolSpec;
import dev.baton.spi.pool.Sharing;
import dev.baton.spi.pool.TakeoverPolicy;
import dev.baton.testkit.ContractRun;
import dev.baton.testkit.TakeoverPolicyContract;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The contract sees when a policy is wrong: each of these is this one with one thing broken. */
class WrongPolicyTest {

    @ParameterizedTest
    @CsvSource({
        "ForgetsTheClaim, shouldHandOutWithTheClaim",
        "SharesAlways, shouldLeaveOthersAloneWhenEachLoopKeepsItsOwn",
        "WaitsForALock, shouldNotWaitForALoopThatStandsInATake",
        "ForgetsToForget, shouldForgetWhatClosesWhileIdle",
        "ForgetsToForget, shouldLoseNothingAndHandNothingOutTwice",
        "HasNoLimit, shouldHoldIdleMaxOverAllLoops",
        "HasNoLimit, shouldKeepNoneWhenIdleMaxIsZero",
        "ExpiresNothing, shouldCloseWhatIsIdleTooLong",
        "ExpiresEarly, shouldNotCloseWhatIsInUse",
        "ClosesNothing, shouldCloseWhatIsIdleAndWhatComesLaterWhenClosed"
    })
    void shouldFailTheContract(String wrong, String test) throws Exception {
        Class<?> contract = Class.forName(WrongPolicyTest.class.getName() + "$" + wrong);
        assertThat(ContractRun.run(contract, test, Map.of())).isPresent();
    }

    /** A pool that is right but for what a subclass breaks. */
    private static class Wrong implements IdlePool {
        private final IdlePool right;

        Wrong(IdlePool right) {
            this.right = right;
        }

        @Override
        public @Nullable MovableChannel take(Loop loop) {
            return right.take(loop);
        }

        @Override
        public boolean put(Loop loop, MovableChannel connection) {
            return right.put(loop, connection);
        }

        @Override
        public void remove(MovableChannel connection) {
            right.remove(connection);
        }

        @Override
        public void close() {
            right.close();
        }

        @Override
        public PoolFigures figures() {
            return right.figures();
        }
    }

    private static PoolSpec with(PoolSpec spec, int idleMax, Duration idleTimeout, Sharing sharing) {
        return new PoolSpec(
                spec.upstream(), spec.server(), spec.profile(), idleMax, idleTimeout, sharing, spec.loops());
    }

    static final class ForgetsTheClaim extends TakeoverPolicyContract {
        @Override
        protected TakeoverPolicy policy() {
            return spec -> new Wrong(new LoopStacks(spec)) {
                @Override
                public @Nullable MovableChannel take(Loop loop) {
                    MovableChannel taken = super.take(loop);
                    if (taken != null) {
                        taken.leave();
                    }
                    return taken;
                }
            };
        }
    }

    static final class WaitsForALock extends TakeoverPolicyContract {
        /** Short: the test waits for what never comes. */
        @Override
        protected Duration patience() {
            return Duration.ofMillis(500);
        }

        @Override
        protected TakeoverPolicy policy() {
            return spec -> new Wrong(new LoopStacks(spec)) {
                @Override
                public synchronized @Nullable MovableChannel take(Loop loop) {
                    return super.take(loop);
                }

                @Override
                public synchronized boolean put(Loop loop, MovableChannel connection) {
                    return super.put(loop, connection);
                }
            };
        }
    }

    static final class ForgetsToForget extends TakeoverPolicyContract {
        @Override
        protected TakeoverPolicy policy() {
            return spec -> new Wrong(new LoopStacks(spec)) {
                @Override
                public void remove(MovableChannel connection) {
                    // This is what is wrong with it.
                }
            };
        }
    }

    static final class ClosesNothing extends TakeoverPolicyContract {
        @Override
        protected TakeoverPolicy policy() {
            return spec -> new Wrong(new LoopStacks(spec)) {
                @Override
                public void close() {
                    // This is what is wrong with it.
                }
            };
        }
    }

    static final class SharesAlways extends TakeoverPolicyContract {
        @Override
        protected TakeoverPolicy policy() {
            return spec -> new LoopStacks(with(spec, spec.idleMax(), spec.idleTimeout(), Sharing.TAKEOVER));
        }
    }

    static final class HasNoLimit extends TakeoverPolicyContract {
        @Override
        protected TakeoverPolicy policy() {
            return spec -> new LoopStacks(with(spec, Integer.MAX_VALUE, spec.idleTimeout(), spec.sharing()));
        }
    }

    static final class ExpiresNothing extends TakeoverPolicyContract {
        @Override
        protected TakeoverPolicy policy() {
            return spec -> new LoopStacks(with(spec, spec.idleMax(), Duration.ofDays(1), spec.sharing()));
        }
    }

    static final class ExpiresEarly extends TakeoverPolicyContract {
        @Override
        protected TakeoverPolicy policy() {
            return spec ->
                    new LoopStacks(with(spec, spec.idleMax(), spec.idleTimeout().dividedBy(4), spec.sharing()));
        }
    }
}
