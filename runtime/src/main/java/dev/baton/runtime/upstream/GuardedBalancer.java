package dev.baton.runtime.upstream;

import dev.baton.spi.upstream.BalancedServer;
import dev.baton.spi.upstream.Balancer;
import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.ServerChoice;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A plugin's balancer, which costs no request if it throws or names a server that does not exist: that request goes to
 * the next server in turn. The first failure is logged, each is counted. Any thread.
 */
public final class GuardedBalancer implements Balancer {
    private static final Logger LOG = LoggerFactory.getLogger(GuardedBalancer.class);

    private final String name;
    private final Balancer guarded;
    private final Consumer<Throwable> failures;
    private final Balancer instead = new InTurn();
    private final AtomicBoolean logged = new AtomicBoolean();

    /**
     * Guards a balancer.
     *
     * @param name for the log
     * @param failures counts what it throws
     */
    public GuardedBalancer(String name, Balancer guarded, Consumer<Throwable> failures) {
        this.name = name;
        this.guarded = guarded;
        this.failures = failures;
    }

    @Override
    public ServerChoice over(List<BalancedServer> servers) {
        ServerChoice inTurn = instead.over(servers);
        try {
            return new Guarded(guarded.over(servers), servers.size(), inTurn);
        } catch (Throwable t) { // a plugin's, Errors included: servers must change all the same
            failed(t);
            return inTurn;
        }
    }

    private void failed(Throwable cause) {
        failures.accept(cause);
        if (logged.compareAndSet(false, true)) {
            LOG.warn(
                    "balancer {} has failed; such requests go to the servers in turn. Further failures are only counted",
                    name,
                    cause);
        }
    }

    private final class Guarded implements ServerChoice {
        private final ServerChoice choice;
        private final int count;
        private final ServerChoice inTurn;

        Guarded(ServerChoice choice, int count, ServerChoice inTurn) {
            this.choice = choice;
            this.count = count;
            this.inTurn = inTurn;
        }

        @Override
        public int choose(RequestFacts request) {
            try {
                int chosen = choice.choose(request);
                if (chosen >= 0 && chosen < count) {
                    return chosen;
                }
                failed(new IndexOutOfBoundsException("chose server " + chosen + " of " + count));
            } catch (Throwable t) { // a plugin's, Errors included: the request can be served
                failed(t);
            }
            return inTurn.choose(request);
        }
    }
}
