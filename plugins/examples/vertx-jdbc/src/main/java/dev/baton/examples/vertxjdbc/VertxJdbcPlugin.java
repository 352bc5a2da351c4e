package dev.baton.examples.vertxjdbc;

import com.zaxxer.hikari.HikariDataSource;
import dev.baton.spi.Component;
import dev.baton.spi.ComponentFactory;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.config.Default;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import jakarta.inject.Inject;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;

/** Deploys the verticle on Baton's loops when the process starts, and undeploys it when it stops. */
public final class VertxJdbcPlugin implements Plugin {
    @Override
    public void configure(PluginBinder binder) {
        binder.component("notes", Settings.class, Factory.class);
    }

    /** The section {@code notes} of the configuration; {@code connections} is how many queries run at a time. */
    record Settings(
            String host,
            int port,
            String database,
            String user,
            String password,
            @Default("10") int connections) {}

    static final class Factory implements ComponentFactory<Settings> {
        private final Vertx vertx;

        @Inject
        Factory(Vertx vertx) {
            this.vertx = vertx;
        }

        @Override
        public Component create(Settings settings) {
            return new Notes(vertx, settings, new HikariDataSource(), new AtomicReference<>(""));
        }
    }

    private record Notes(Vertx vertx, Settings settings, HikariDataSource pool, AtomicReference<String> deployment)
            implements Component {
        @Override
        public CompletionStage<String> start() {
            pool.setDriverClassName("org.postgresql.Driver"); // the JDK does not look for drivers in a plugin
            pool.setJdbcUrl(settings.database());
            pool.setUsername(settings.user());
            pool.setPassword(settings.password());
            pool.setMaximumPoolSize(settings.connections());
            HttpServerOptions options =
                    new HttpServerOptions().setHost(settings.host()).setPort(settings.port());
            return vertx.deployVerticle(new NotesVerticle(pool, options))
                    .onSuccess(deployment::set)
                    .map("notes on " + settings.host() + ":" + settings.port())
                    .toCompletionStage();
        }

        @Override
        public CompletionStage<Void> stop() {
            return vertx.undeploy(deployment.get())
                    .onComplete(done -> pool.close())
                    .toCompletionStage();
        }
    }
}
