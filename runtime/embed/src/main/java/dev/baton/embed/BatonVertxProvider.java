package dev.baton.embed;

import io.vertx.core.internal.VertxBootstrap;
import io.vertx.core.spi.VertxServiceProvider;
import io.vertx.core.spi.transport.Transport;
import org.jspecify.annotations.Nullable;

/**
 * Gives each Vert.x of the program Baton's loops: {@code Vertx.vertx()} needs no code. Found by the
 * {@link java.util.ServiceLoader}. Each Vert.x has a Baton of its own, which has as many loops as its options say and
 * ends with it. It takes the place of NIO, which is what a Vert.x has that was told nothing else; one that was given
 * another transport, or prefers a native one that is there, keeps that. With the system property
 * {@code baton.vertx=off} all do.
 */
public final class BatonVertxProvider implements VertxServiceProvider {
    private static final String PROPERTY = "baton.vertx";

    /** For the service loader. */
    public BatonVertxProvider() {}

    @Override
    public void init(VertxBootstrap parts) {
        @Nullable Transport given = parts.transport();
        if ((given == null || isNio(given)) && !"off".equals(System.getProperty(PROPERTY))) {
            parts.transport(new OwnBaton());
        }
    }

    private static boolean isNio(Transport given) {
        return given.getClass()
                == io.vertx.core.transport.Transport.NIO.implementation().getClass();
    }
}
