package dev.baton.embed;

import io.vertx.core.internal.VertxBootstrap;
import io.vertx.core.spi.VertxServiceProvider;
import io.vertx.core.spi.transport.Transport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives each Vert.x of the program Baton's loops: {@code Vertx.vertx()} needs no code. Found by the
 * {@link java.util.ServiceLoader}. Each Vert.x has a Baton of its own, which has as many loops as its options say and
 * ends with it; the threads are that Vert.x's. It takes the place of NIO, which is what a Vert.x has that was told
 * nothing else, and also one that was told NIO; one that was given another transport, or prefers a native one that is
 * there, keeps it. With the system property {@code baton.vertx=off}, and where Baton cannot run, each Vert.x keeps what
 * it has.
 */
public final class BatonVertxProvider implements VertxServiceProvider {
    private static final Logger LOG = LoggerFactory.getLogger(BatonVertxProvider.class);

    private static final String PROPERTY = "baton.vertx";

    /** For the service loader. */
    public BatonVertxProvider() {}

    @Override
    public void init(VertxBootstrap parts) {
        @Nullable Transport given = parts.transport();
        if ((given == null || isNio(given)) && !"off".equals(System.getProperty(PROPERTY)) && isPossible()) {
            parts.transport(new OwnBaton());
        }
    }

    private static boolean isPossible() {
        try {
            BatonBuilder.kernel();
            return true;
        } catch (BatonException e) {
            LOG.warn("Vert.x runs on NIO: {}; -D{}=off leaves this line out", e.getMessage(), PROPERTY);
            return false;
        }
    }

    private static boolean isNio(Transport given) {
        return given.getClass()
                == io.vertx.core.transport.Transport.NIO.implementation().getClass();
    }
}
