package dev.baton.it.rescue;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.config.Default;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import dev.baton.spi.poller.PollSink;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.poller.PollerContext;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.ForwardingPoller;
import jakarta.inject.Inject;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/** Pollers that fail for good when they are told to, which no loop survives: {@code POST /v1/kill?loop=1}. */
public final class FragilePlugin implements Plugin {
    private static final Set<Integer> BROKEN = ConcurrentHashMap.newKeySet();

    @Override
    public void configure(PluginBinder binder) {
        binder.poller("fragile", Provider.class);
        binder.adminAction("kill", Kill.Which.class, Kill.class);
    }

    /** The best one, until it breaks. */
    public static final class Provider implements PollerProvider {
        private final EpollProvider real = new EpollProvider();

        @Override
        public int preference() {
            return real.preference() + 1;
        }

        @Override
        public Optional<String> unavailable() {
            return real.unavailable();
        }

        @Override
        public Poller open(PollerContext context) throws IOException {
            return new Breakable(real.open(context), context.loop());
        }
    }

    private static final class Breakable extends ForwardingPoller {
        private final int loop;

        Breakable(Poller real, int loop) {
            super(real);
            this.loop = loop;
        }

        @Override
        public int poll(long timeoutNanos, PollSink sink) {
            if (BROKEN.contains(loop)) {
                throw new LinkageError("on request");
            }
            return super.poll(timeoutNanos, sink);
        }
    }

    /** Breaks one. */
    public static final class Kill implements AdminAction<Kill.Which> {
        private final Loops loops;

        /** By Guice. */
        @Inject
        public Kill(Loops loops) {
            this.loops = loops;
        }

        /** Which one. */
        public record Which(@Default("0") int loop) {}

        /** What was done. */
        public record Killed(int loop) {}

        @Override
        public CompletionStage<Killed> act(Which which) {
            int id = which.loop();
            BROKEN.add(id);
            for (Loop loop : loops.all()) {
                if (loop.id() == id) {
                    loop.execute(() -> {}); // it may sleep
                }
            }
            return CompletableFuture.completedStage(new Killed(id));
        }
    }
}
