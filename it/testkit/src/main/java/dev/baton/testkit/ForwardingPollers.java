package dev.baton.testkit;

import dev.baton.spi.poller.Poller;
import dev.baton.spi.poller.PollerContext;
import dev.baton.spi.poller.PollerProvider;
import java.io.IOException;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** The pollers of a provider; what they are changed into is a subclass's, which overrides {@link #open}. */
public class ForwardingPollers implements PollerProvider {
    private final PollerProvider real;

    /** Stands in front of a provider. */
    protected ForwardingPollers(PollerProvider real) {
        this.real = real;
    }

    /** The pollers of a provider, each changed in the same way. */
    public static PollerProvider changed(PollerProvider real, UnaryOperator<Poller> change) {
        return new ForwardingPollers(real) {
            @Override
            public Poller open(PollerContext context) throws IOException {
                return change.apply(super.open(context));
            }
        };
    }

    @Override
    public int preference() {
        return real.preference();
    }

    @Override
    public Optional<String> unavailable() {
        return real.unavailable();
    }

    @Override
    public Poller open(PollerContext context) throws IOException {
        return real.open(context);
    }
}
