package dev.baton.runtime.server;

import com.google.inject.Guice;
import com.google.inject.Stage;
import dev.baton.runtime.posix.JnrPosix;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the JVM load what every start needs and is slow the first time, on a thread of its own while the command line and
 * the configuration are read. It makes nothing that is used: a start without it is the same, only slower.
 */
public final class WarmUp {
    private WarmUp() {}

    /** Begins; nothing waits for it. */
    public static void begin() {
        Thread thread = new Thread(WarmUp::load, "baton-warm-up");
        thread.setDaemon(true);
        thread.start();
    }

    private static void load() {
        try {
            new JnrPosix();
            Guice.createInjector(
                    Stage.DEVELOPMENT, binder -> binder.bind(WarmUp.class).toInstance(new WarmUp()));
            Vertx.builder().with(new VertxOptions());
            Class.forName("io.vertx.core.impl.VertxImpl");
        } catch (Throwable t) { // the start meets it too, and says so
            log().debug("the warm-up failed", t);
        }
    }

    /** Not before it is needed: the start sets logging up meanwhile. */
    private static Logger log() {
        return LoggerFactory.getLogger(WarmUp.class);
    }
}
