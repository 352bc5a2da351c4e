package dev.baton.plugin.chaos;

import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.admin.AdminView;
import dev.baton.testkit.AdminActionContract;
import dev.baton.testkit.AdminViewContract;
import java.util.List;
import org.junit.jupiter.api.Nested;

class DelayContractsTest {
    private final Delays delays = new Delays();

    @Nested
    class View extends AdminViewContract {
        @Override
        protected AdminView view() {
            return new DelayView(delays);
        }

        @Override
        protected void change() {
            delays.set(Point.FD_INSERTED, 1 + System.nanoTime() % 1_000, 2);
        }
    }

    @Nested
    class Action extends AdminActionContract<DelayAction.Wanted> {
        @Override
        protected AdminAction<DelayAction.Wanted> action() {
            return new DelayAction(delays);
        }

        @Override
        protected DelayAction.Wanted right() {
            return new DelayAction.Wanted(Point.FD_INSERTED, 5, 1);
        }

        @Override
        protected List<DelayAction.Wanted> wrong() {
            return List.of();
        }
    }
}
