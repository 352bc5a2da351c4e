package dev.baton.runtime.vertx;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.internal.VertxWrapper;

/**
 * The runtime's Vert.x as plugins get it: all of it but its end, which is the runtime's and not one plugin's. A Vert.x that a
 * verticle or a context leads to is the one behind; to close that ends what applications have opened with it, for all plugins,
 * and not the loops, which refuse to end (see {@link dev.baton.runtime.loop.BatonLoop#mustNotEnd}).
 */
final class RuntimeVertx extends VertxWrapper {

    RuntimeVertx(Vertx vertx) {
        super((VertxInternal) vertx);
    }

    @Override
    public Future<Void> close() {
        return Future.failedFuture(
                new UnsupportedOperationException(
                        "a plugin cannot close the runtime's Vertx, which others"
                                + " use too: close what the plugin has opened (servers, clients, timers), or undeploy its verticles"));
    }
}
