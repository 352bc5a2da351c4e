package dev.baton.plugin.admin;

import dev.baton.plugin.admin.access.Access;
import dev.baton.plugin.admin.access.TokenFile;
import dev.baton.spi.Component;
import dev.baton.spi.Replacement;
import dev.baton.spi.admin.ParameterBinder;
import dev.baton.spi.admin.RuntimeControl;
import dev.baton.spi.admin.RuntimeView;
import dev.baton.spi.config.Spelling;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.posix.Errno;
import dev.baton.spi.posix.PosixException;
import dev.baton.spi.posix.UnixServers;
import dev.baton.spi.traffic.Traffic;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.SocketAddress;
import java.net.BindException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP server of the admin API.
 *
 * <p>A Vert.x connection stays with its loop. So the API has a loop of its own: it answers, and {@code /live} tells,
 * while those that serve connections are blocked.
 */
final class AdminServer implements Component {
    /** How long requests under way may go on when the server stops, among them the one that stops the process. */
    private static final int SHUTDOWN_SECONDS = 2;

    /** How long a table may take, or an action to begin: a snapshot of a million fds takes about a second. */
    private static final long LIMIT_MS = 10_000;

    /** How often it is looked whether the tokens have changed. */
    private static final long TOKENS_MS = 1_000;

    private static final String DRAINING = "draining";

    private final AdminConfig config;
    private final Vertx vertx;
    private final RuntimeView view;
    private final RuntimeControl control;
    private final Metrics metrics;
    private final UnixServers unixServers;
    private final Spelling spelling;
    private final ParameterBinder parameters;
    private final Optional<TokenFile> tokens;
    private final Access access;
    private final Tails tails;
    private final Dashboard dashboard;
    private final long limitMillis;
    /** One for each table and action that is asked for, at most; a plugin may block them. */
    private final ExecutorService threads =
            Executors.newCachedThreadPool(new DefaultThreadFactory("baton-admin", true));

    private volatile @Nullable HttpServer server;
    private volatile @Nullable AdminConnections connections;
    private volatile long tokensTimer = -1;

    AdminServer(
            AdminConfig config,
            Vertx vertx,
            RuntimeView view,
            RuntimeControl control,
            Metrics metrics,
            UnixServers unixServers,
            Spelling spelling,
            ParameterBinder parameters,
            Traffic traffic) {
        this(config, vertx, view, control, metrics, unixServers, spelling, parameters, traffic, LIMIT_MS);
    }

    /** For tests: with another limit. */
    AdminServer(
            AdminConfig config,
            Vertx vertx,
            RuntimeView view,
            RuntimeControl control,
            Metrics metrics,
            UnixServers unixServers,
            Spelling spelling,
            ParameterBinder parameters,
            Traffic traffic,
            long limitMillis) {
        this.unixServers = unixServers;
        this.spelling = spelling;
        this.parameters = parameters;
        this.tokens = config.tokens().map(TokenFile::new);
        this.access = new Access(tokens);
        this.tails = new Tails(vertx, traffic);
        this.limitMillis = limitMillis;
        this.config = config;
        this.vertx = vertx;
        this.view = view;
        this.control = control;
        this.metrics = metrics;
        this.dashboard = new Dashboard(vertx, view, threads);
    }

    @Override
    public CompletionStage<String> start() {
        AdminConnections admitted = new AdminConnections(
                vertx, config, metrics, () -> DRAINING.equals(view.status().state()));
        connections = admitted;
        tokens.ifPresent(file -> tokensTimer = vertx.setPeriodic(TOKENS_MS, timer -> threads.execute(file::look)));
        Doorkeeper door = new Doorkeeper(access);
        AdminApi api = new AdminApi(
                view, control, metrics, door, spelling, parameters, tails, dashboard, threads, limitMillis);
        HttpServer made = vertx.createHttpServer(
                        new HttpServerOptions().setHttp2ClearTextEnabled(false).setTcpUserTimeout((int)
                                config.idleTimeout().toMillis()))
                .connectionHandler(admitted::opened)
                .requestHandler(
                        new Dispatcher(vertx, admitted, new WebGuard(config.names()), door, api.routes(), spelling));
        return listen(made)
                .map(listening -> {
                    server = listening;
                    return "admin on " + config.withPort(port());
                })
                .recover(failure -> Future.failedFuture(bindFailure(failure)))
                .toCompletionStage();
    }

    private Future<HttpServer> listen(HttpServer made) {
        Path file = config.file().orElse(null);
        if (file == null) {
            return made.listen(config.port(), config.host());
        }
        unixServers.guard(file, config.fileMode(), config.users());
        return made.listen(SocketAddress.domainSocketAddress(file.toString()));
    }

    /** The port that is served, as long as it is. */
    int port() {
        HttpServer listening = server;
        return listening == null || config.file().isPresent() ? 0 : listening.actualPort();
    }

    /** {@inheritDoc} It is what a reload is asked of, and has the address. */
    @Override
    public Replacement replacement() {
        return Replacement.NEVER;
    }

    @Override
    public CompletionStage<Void> stop() {
        HttpServer listening = server;
        server = null;
        vertx.cancelTimer(tokensTimer);
        dashboard.close();
        tails.close(); // they never end by themselves
        AdminConnections last = connections;
        if (last != null) {
            last.close();
        }
        return listening == null
                ? CompletableFuture.completedStage(null)
                : listening
                        .shutdown(SHUTDOWN_SECONDS, TimeUnit.SECONDS)
                        .onComplete(done -> threads.shutdown())
                        .toCompletionStage();
    }

    /** What the transport threw, in the words of every other bind that fails. */
    private Throwable bindFailure(Throwable failure) {
        String why = String.valueOf(failure.getMessage());
        for (Throwable each = failure; each != null; each = each.getCause()) {
            if (each instanceof PosixException call) {
                why = Errno.name(call.errno()) + hint(call.errno());
            }
        }
        BindException described = new BindException("cannot bind admin " + config.listen() + ": " + why);
        described.initCause(failure);
        return described;
    }

    private static String hint(int errno) {
        return switch (errno) {
            case Errno.EADDRINUSE -> " (another process listens there; set admin: listen: to another address)";
            case Errno.EACCES -> " (ports below 1024 need CAP_NET_BIND_SERVICE)";
            case Errno.EADDRNOTAVAIL -> " (this machine does not have that address)";
            default -> "";
        };
    }
}
