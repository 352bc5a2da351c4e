package dev.baton.plugin.admin;

import dev.baton.plugin.admin.Route.Asked;
import dev.baton.plugin.admin.access.Right;
import dev.baton.plugin.admin.dashboard.Broadcast;
import dev.baton.plugin.admin.dashboard.PageFile;
import dev.baton.spi.admin.RuntimeView;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

/**
 * Serves the dashboard: the page at {@code /} to those who ask for HTML, its files under {@code /dashboard/}, and
 * {@code GET /v1/events}, what an open page is sent.
 */
final class Dashboard {
    /** Each costs the server's loop a little, four times a second. */
    static final int PAGES_MAX = 16;

    private static final String FILES = "/dashboard/";
    /** Nothing from elsewhere, nothing inline, no frames around it. */
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
            + " img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static final String EVENTS = "text/event-stream";
    /** How often it is looked whether an open page still has the right to be. */
    private static final long LOOKS_MS = 250;

    private final Vertx vertx;
    private final Executor threads;
    private final Broadcast broadcast;
    /** Those that have been read. */
    private final Map<String, PageFile> files = new ConcurrentHashMap<>();

    private final Set<Open> open = ConcurrentHashMap.newKeySet();

    Dashboard(Vertx vertx, RuntimeView view, Executor threads) {
        this.vertx = vertx;
        this.threads = threads;
        this.broadcast = new Broadcast(vertx, view, Json::of, threads);
    }

    void addTo(Routes routes) {
        routes.add(new Route(
                "GET",
                FILES + "{file}",
                any -> true,
                "a file of the dashboard",
                List.of(),
                Optional.empty(),
                new Content("*/*", Map.of("type", "string")),
                Map.of(404, "there is no such file"),
                asked -> file(asked.variable(), asked)));
        routes.add(new Route(
                "GET",
                AdminApi.PREFIX + "events",
                any -> true,
                "what an open dashboard shows, as server-sent events",
                List.of(),
                Optional.empty(),
                new Content(EVENTS, Map.of("type", "string")),
                Map.of(503, "too many are open already"),
                this::events));
    }

    /** True if a request of {@code /} is a browser's. */
    static boolean isWanted(HttpServerRequest request) {
        String accept = request.getHeader(HttpHeaders.ACCEPT);
        return accept != null && accept.contains("text/html");
    }

    /** The page. */
    void page(Asked asked) {
        file(PageFile.INDEX, asked);
    }

    private void file(String name, Asked asked) {
        PageFile known = files.get(name);
        if (known != null) {
            send(known, asked);
            return;
        }
        asked.reply().work(threads, () -> PageFile.read(name), read -> {
            if (read.isPresent()) {
                files.put(name, read.get());
                send(read.get(), asked);
            } else {
                asked.reply().error(404, "the dashboard has no file " + name, "GET / is its page");
            }
        });
    }

    private static void send(PageFile file, Asked asked) {
        asked.request()
                .response()
                .putHeader("Content-Security-Policy", POLICY)
                .putHeader("Referrer-Policy", "no-referrer")
                .putHeader("Cross-Origin-Opener-Policy", "same-origin")
                .putHeader("Cross-Origin-Resource-Policy", "same-origin");
        asked.reply().file(file.type(), file.bytes());
    }

    private void events(Asked asked) {
        Reply reply = asked.reply();
        if (!hasPlace(asked)) {
            reply.error(503, PAGES_MAX + " dashboards are open already, which is the most", null);
        } else if (asked.request().method().equals(HttpMethod.HEAD)) {
            reply.begin(EVENTS);
            reply.end();
        } else {
            new Open(asked).begin();
        }
    }

    private boolean hasPlace(Asked asked) {
        if (open.size() >= PAGES_MAX && asked.request().method().equals(HttpMethod.GET)) {
            FairShare.toEnd(open, Open::owner, asked.known().caller().name()).ifPresent(Open::finish);
        }
        return open.size() < PAGES_MAX;
    }

    /** Ends all that are open: the server stops. Any thread. */
    void close() {
        open.forEach(Open::close);
    }

    /** A page that is open somewhere. */
    private final class Open implements Broadcast.Page {
        private final Reply reply;
        private final Right right;
        private final HttpServerResponse response;
        private final Context context = Vertx.currentContext();
        private long timer;

        Open(Asked asked) {
            this.reply = asked.reply();
            this.right = asked.known();
            this.response = reply.begin(EVENTS);
        }

        void begin() {
            open.add(this);
            response.closeHandler(gone -> end());
            response.exceptionHandler(failure -> end());
            timer = vertx.setPeriodic(LOOKS_MS, tick -> look());
            broadcast.add(this);
        }

        @Override
        public boolean isBehind() {
            return response.writeQueueFull();
        }

        @Override
        public void send(String text) {
            reply.write(text);
        }

        /** Not when it is sent something: what a plugin holds up must not keep it open. */
        private void look() {
            if (!right.holds()) {
                finish();
            }
        }

        private void end() {
            vertx.cancelTimer(timer);
            open.remove(this);
            broadcast.remove(this);
        }

        String owner() {
            return right.caller().name();
        }

        private void finish() {
            end();
            reply.end();
        }

        /** Any thread. */
        void close() {
            context.runOnContext(now -> finish());
        }
    }
}
