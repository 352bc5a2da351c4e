package dev.baton.plugin.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.fd.FdInfo;
import dev.baton.testkit.ContractRun;
import dev.baton.testkit.FdHookContract;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Where no delay is set the hook keeps every promise of an fd hook; where one is, the contract sees that it waits. */
class DelayHookContractTest extends FdHookContract {

    @Override
    protected FdHook hook() {
        return new DelayHook(new Delays());
    }

    @Test
    void shouldBeSeenToWaitWhereADelayIsSet() {
        assertThat(ContractRun.run(Slow.class, "shouldNeverWait", Map.of())).containsInstanceOf(AssertionError.class);
    }

    @Test
    void shouldBeSeenToThrowWhatComesLate() {
        assertThat(ContractRun.run(Strict.class, "shouldTakeWhatComesLate", Map.of()))
                .containsInstanceOf(AssertionError.class);
    }

    static final class Slow extends FdHookContract {
        @Override
        protected FdHook hook() {
            Delays delays = new Delays();
            delays.set(Point.FD_CLOSED, 1, 500);
            return new DelayHook(delays);
        }
    }

    /** Takes the order in which things happen for the order in which they are told. */
    static final class Strict extends FdHookContract {
        @Override
        protected FdHook hook() {
            return new FdHook() {
                private final Set<FdInfo> live = new HashSet<>();

                @Override
                public void inserted(FdInfo fd) {
                    live.add(fd);
                }

                @Override
                public void orphaned(FdInfo fd) {
                    if (!live.contains(fd)) {
                        throw new IllegalStateException("orphaned and not there: " + fd);
                    }
                }

                @Override
                public void closed(FdInfo fd, ClosedBy by) {
                    live.remove(fd);
                }
            };
        }
    }
}
