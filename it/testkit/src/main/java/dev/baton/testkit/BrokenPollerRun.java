package dev.baton.testkit;

import dev.baton.spi.poller.Poller;
import dev.baton.spi.poller.PollerContext;
import dev.baton.spi.poller.PollerProvider;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/** Runs one test of the contract against a poller that is wrong. */
public final class BrokenPollerRun {
    private static final String BROKEN = "baton.broken";
    private static final String RIGHT = "baton.right";

    private BrokenPollerRun() {}

    /**
     * Runs one test.
     *
     * @param right the poller that is right, with a constructor without parameters
     * @param test the name of the test's method
     * @return why the test failed; empty if it did not
     */
    public static Optional<Throwable> run(BrokenPoller broken, Class<? extends PollerProvider> right, String test) {
        return ContractRun.run(BrokenContract.class, test, Map.of(BROKEN, broken.name(), RIGHT, right.getName()));
    }

    /** The contract of a poller that is told by the run's configuration. */
    @ExtendWith(Resolver.class)
    static final class BrokenContract extends PollerContract {
        /** Short: nearly every test here waits for what never comes. */
        private static final Duration PATIENCE = Duration.ofMillis(500);

        private final PollerProvider provider;

        BrokenContract(PollerProvider provider) {
            this.provider = provider;
        }

        @Override
        protected PollerProvider provider() {
            return provider;
        }

        @Override
        public int eventsMax() {
            return 512;
        }

        @Override
        protected Duration patience() {
            return PATIENCE;
        }
    }

    /** Makes the provider that the configuration names. */
    static final class Resolver implements ParameterResolver {

        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return parameter.getParameter().getType() == PollerProvider.class;
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            BrokenPoller broken = BrokenPoller.valueOf(
                    context.getConfigurationParameter(BROKEN).orElseThrow());
            String right = context.getConfigurationParameter(RIGHT).orElseThrow();
            try {
                return new BrokenPollers(
                        broken,
                        Class.forName(right)
                                .asSubclass(PollerProvider.class)
                                .getDeclaredConstructor()
                                .newInstance());
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("cannot make " + right, e);
            }
        }
    }

    private static final class BrokenPollers extends ForwardingPollers {
        private final BrokenPoller broken;
        private final PollerProvider right;

        BrokenPollers(BrokenPoller broken, PollerProvider right) {
            super(right);
            this.broken = broken;
            this.right = right;
        }

        @Override
        public Poller open(PollerContext context) throws IOException {
            return broken.open(right, context);
        }
    }
}
