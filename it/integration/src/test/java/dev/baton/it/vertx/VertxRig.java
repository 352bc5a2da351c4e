package dev.baton.it.vertx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.fd.FdState;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.Posix;
import dev.baton.runtime.vertx.VertxLoops;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.testkit.OpenFds;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.net.NetClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/** A Vert.x on Baton's loops. Its close asserts that nothing is left behind, in the table and in the process. */
final class VertxRig implements AutoCloseable {
    private static final int SECONDS_MAX = 20;
    private static final Posix POSIX = new JnrPosix();

    private final LoopRegistry registry = new LoopRegistry();
    private final FdObservers observers = new FdObservers();
    private final FdTable table = new FdTable(POSIX, registry, observers);
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final ChannelEnv env = new ChannelEnv(table, POSIX, registry, (plugin, cause) -> failures.add(cause));
    private final Set<String> openBefore = OpenFds.now();
    private final Vertx vertx;
    private Supplier<Future<Void>> end;
    /** Vert.x closes a client, connections and all, that nobody refers to any more. */
    private final Queue<Object> clients = new ConcurrentLinkedQueue<>();

    private VertxRig(BiFunction<FdObservers, ChannelEnv, Vertx> start) {
        vertx = start.apply(observers, env);
        end = vertx::close;
    }

    static VertxRig start(PollerProvider poller, int loops) {
        return new VertxRig((observers, env) -> VertxLoops.start(loops, poller, observers, env));
    }

    static VertxRig start(PollerProvider poller, int loops, VertxOptions options) {
        return new VertxRig((observers, env) -> VertxLoops.start(loops, poller, observers, env, options));
    }

    /** Only the rig's own close ends it then. */
    void keep() {
        end = VertxLoops.keep(vertx);
    }

    Vertx vertx() {
        return vertx;
    }

    NetClient netClient() {
        return kept(vertx.createNetClient());
    }

    HttpClient httpClient(HttpClientOptions options) {
        return kept(vertx.createHttpClient(options));
    }

    HttpClient httpClient() {
        return httpClient(new HttpClientOptions());
    }

    <T> T kept(T client) {
        clients.add(client);
        return client;
    }

    FdTable table() {
        return table;
    }

    FdObservers observers() {
        return observers;
    }

    ChannelEnv env() {
        return env;
    }

    LoopRegistry registry() {
        return registry;
    }

    List<FdState> fds() {
        List<FdState> all = new ArrayList<>();
        table.forEach(all::add);
        return all;
    }

    private static String text(FdState fd) {
        return fd.fd() + " " + fd.kind() + " of loop " + fd.owner() + ", running " + fd.running() + ", orphaned "
                + fd.orphaned() + ", takeovers " + fd.takeovers();
    }

    static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(SECONDS_MAX, TimeUnit.SECONDS);
    }

    @Override
    public void close() throws Exception {
        get(end.get());
        assertThat(registry.batonLoops()).allMatch(loop -> loop.isTerminated());
        // A poller's own fds go with its last user, who may be the thread that woke it up for the close.
        await().untilAsserted(() -> {
            assertThat(fds()).map(VertxRig::text).isEmpty();
            assertThat(OpenFds.now()).as("sockets and pollers of the process").isSubsetOf(openBefore);
        });
        assertThat(observers.counters().openFds()).isZero();
        assertThat(observers.counters().orphans()).isZero();
        assertThat(failures).isEmpty();
    }
}
