package dev.baton.plugin.admin;

import dev.baton.spi.Component;
import dev.baton.spi.admin.Metrics;
import dev.baton.spi.admin.RuntimeControl;
import dev.baton.spi.admin.RuntimeView;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import java.net.BindException;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The HTTP server of the admin API.
 *
 * <p>A Vert.x connection stays with its loop. So that one blocked loop does not take the API with it, when it is wanted most,
 * every loop serves a share of the connections: of N loops one blocked one costs every N-th connection, and the next attempt
 * meets another loop.
 */
final class AdminServer implements Component {
    /** How long requests under way may go on when the server stops, among them the one that stops the process. */
    private static final int SHUTDOWN_SECONDS = 2;
    /** The port that Vert.x lets the instances of one deployment share, when the kernel is to choose it. */
    private static final int SHARED_RANDOM_PORT = -1;

    private static final Pattern ERRNO = Pattern.compile("\\b(E[A-Z]{3,})\\b");

    private final AdminConfig config;
    private final Vertx vertx;
    private final RuntimeView view;
    private final RuntimeControl control;
    private final Metrics metrics;
    private final Queue<HttpServer> servers = new ConcurrentLinkedQueue<>();

    AdminServer(AdminConfig config, Vertx vertx, RuntimeView view, RuntimeControl control, Metrics metrics) {
        this.config = config;
        this.vertx = vertx;
        this.view = view;
        this.control = control;
        this.metrics = metrics;
    }

    @Override
    public CompletionStage<String> start() {
        AdminApi api = new AdminApi(vertx, view, control, metrics);
        int instances = Math.max(1, view.status().loops());
        return vertx.deployVerticle(() -> new Share(api), new DeploymentOptions().setInstances(instances))
                .map(deployed -> "admin on " + config.withPort(port()))
                .recover(failure -> Future.failedFuture(bindFailure(failure)))
                .toCompletionStage();
    }

    /** The port that is served, as long as it is. */
    int port() {
        HttpServer server = servers.peek();
        return server == null ? config.port() : server.actualPort();
    }

    @Override
    public CompletionStage<Void> stop() {
        Future<?> all = Future.join(servers.stream()
                .map(server -> server.shutdown(SHUTDOWN_SECONDS, TimeUnit.SECONDS))
                .toList());
        servers.clear();
        return all.<Void>mapEmpty().toCompletionStage();
    }

    /** One loop's share of the connections. */
    private final class Share extends VerticleBase {
        private final AdminApi api;

        Share(AdminApi api) {
            this.api = api;
        }

        @Override
        public Future<?> start() {
            HttpServer server = vertx.createHttpServer(new HttpServerOptions().setHttp2ClearTextEnabled(false))
                    .requestHandler(api);
            int port = config.port() == 0 ? SHARED_RANDOM_PORT : config.port();
            return server.listen(port, config.host()).onSuccess(servers::add);
        }
    }

    /** Whatever the transport threw, in the words of every other bind that fails. */
    private Throwable bindFailure(Throwable failure) {
        String message = String.valueOf(failure.getMessage());
        Matcher named = ERRNO.matcher(message);
        String errno;
        if (named.find()) {
            errno = named.group(1);
        } else if (message.contains("in use")) {
            errno = "EADDRINUSE";
        } else if (message.contains("ermission denied")) {
            errno = "EACCES";
        } else if (message.contains("annot assign")) {
            errno = "EADDRNOTAVAIL";
        } else {
            errno = message;
        }
        String hint = switch (errno) {
            case "EADDRINUSE" -> " (another process listens there; set admin: listen: to another address)";
            case "EACCES" -> " (ports below 1024 need CAP_NET_BIND_SERVICE)";
            case "EADDRNOTAVAIL" -> " (this machine does not have that address)";
            default -> "";
        };
        BindException described = new BindException("cannot bind admin " + config.listen() + ": " + errno + hint);
        described.initCause(failure);
        return described;
    }
}
