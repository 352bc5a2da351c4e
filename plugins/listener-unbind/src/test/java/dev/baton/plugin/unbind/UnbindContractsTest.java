package dev.baton.plugin.unbind;

import dev.baton.testkit.world.UnbindStrategyContract;
import org.junit.jupiter.api.Nested;

class UnbindContractsTest {
    @Nested
    class Drain extends UnbindStrategyContract {
        Drain() {
            super(UnbindPlugin.class, "drain");
        }
    }

    @Nested
    class DrainBacklog extends UnbindStrategyContract {
        DrainBacklog() {
            super(UnbindPlugin.class, "drain-backlog");
        }
    }

    @Nested
    class AtOnce extends UnbindStrategyContract {
        AtOnce() {
            super(UnbindPlugin.class, "at-once");
        }
    }
}
