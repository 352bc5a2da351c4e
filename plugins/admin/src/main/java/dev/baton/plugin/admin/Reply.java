package dev.baton.plugin.admin;

import dev.baton.plugin.admin.AdminConnections.Client;
import dev.baton.plugin.admin.AdminConnections.State;
import dev.baton.plugin.admin.Lane.OverdueException;
import dev.baton.plugin.admin.access.Audit;
import dev.baton.spi.http.HttpDate;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The answer to one request. Used on the request's loop; workers only compute. */
final class Reply {
    private static final Logger LOG = LoggerFactory.getLogger(Reply.class);

    /**
     * Elements a piece: some 150 KiB, encoded in about a millisecond, so that a million fds do not stand in memory as
     * text.
     */
    private static final int ROWS_A_PIECE = 1_000;

    static final String JSON = "application/json";
    private static final String TEXT = "text/plain; charset=utf-8";

    private final Vertx vertx;
    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final Client client;
    private @Nullable Audit audit;

    Reply(Vertx vertx, HttpServerRequest request, Client client) {
        this.vertx = vertx;
        this.request = request;
        this.response = request.response();
        this.client = client;
        response.putHeader(HttpHeaders.CACHE_CONTROL, "no-store"); // out of date when it arrives
        response.putHeader("X-Content-Type-Options", "nosniff"); // a browser must not take a value for a script
        response.putHeader(HttpHeaders.DATE, HttpDate.now());
    }

    /**
     * Does a part of what leads to the answer. Whatever it throws, also of a plugin that has a part in it, becomes a
     * 500: the client waits for an answer, and its connection with it.
     */
    void attempt(Runnable part) {
        try {
            part.run();
        } catch (Throwable t) { // a plugin's class that cannot be loaded, too
            failed(t);
        }
    }

    /** Computes on another thread, then continues here; a failure becomes a 500. */
    <T> void work(Executor threads, Callable<T> computation, Consumer<T> next) {
        Promise<T> done = Promise.promise();
        Context context = Vertx.currentContext();
        threads.execute(() -> {
            try {
                T result = computation.call();
                context.runOnContext(now -> done.complete(result));
            } catch (Throwable t) { // of another thread: the answer is given here
                context.runOnContext(now -> done.fail(t));
            }
        });
        then(done.future(), next);
    }

    /** Goes on here when a result is there; a failure becomes a 500, 503 or 504. */
    <T> void then(Future<T> result, Consumer<T> next) {
        result.onSuccess(value -> attempt(() -> next.accept(value))).onFailure(this::failed);
    }

    /** The request's body is awaited, or has arrived. */
    void receiving(boolean more) {
        client.is(more ? State.RECEIVING : State.WORKING);
    }

    /** A snapshot: an object, or an array of any length. */
    void table(Object snapshot) {
        if (!(snapshot instanceof List<?> rows)) {
            json(200, snapshot);
        } else if (rows.size() <= ROWS_A_PIECE || request.version() == HttpVersion.HTTP_1_0) {
            then(vertx.executeBlocking(() -> Json.of(rows), false), text -> send(200, JSON, text));
        } else {
            response.setStatusCode(200)
                    .putHeader(HttpHeaders.CONTENT_TYPE, JSON)
                    .setChunked(true);
            client.is(State.ANSWERING);
            if (request.method().equals(HttpMethod.HEAD)) {
                noted(response.end());
            } else {
                noted(pieces(rows, 0).onFailure(this::failed).compose(written -> response.end()));
            }
        }
    }

    /** Encodes the next piece when the client has taken the one before. */
    private Future<Void> pieces(List<?> rows, int from) {
        int to = Math.min(rows.size(), from + ROWS_A_PIECE);
        return vertx.executeBlocking(() -> piece(rows, from, to), false)
                .compose(response::write)
                .onSuccess(written -> client.is(State.ANSWERING))
                .compose(written -> to == rows.size() ? Future.<Void>succeededFuture() : pieces(rows, to));
    }

    private static Buffer piece(List<?> rows, int from, int to) {
        StringBuilder out = new StringBuilder();
        for (int i = from; i < to; i++) {
            out.append(i == 0 ? '[' : ',');
            out.append(Json.of(rows.get(i)));
        }
        return Buffer.buffer(out.append(to == rows.size() ? "]" : "").toString());
    }

    /** Begins an answer of unknown length, to be written in pieces until {@link #end}; its head is sent at once. */
    HttpServerResponse begin(String type) {
        client.is(State.ANSWERING);
        response.setStatusCode(200)
                .putHeader(HttpHeaders.CONTENT_TYPE, type)
                .setChunked(request.version() != HttpVersion.HTTP_1_0); // there the end of the connection ends it
        if (!request.method().equals(HttpMethod.HEAD)) {
            response.write(Buffer.buffer()); // writeHead() would have chunks in HTTP/1.0 too
        }
        return response;
    }

    /** The next piece. */
    void write(String text) {
        response.write(text).onSuccess(taken -> client.is(State.ANSWERING));
    }

    /** No piece follows. */
    void end() {
        if (!response.ended() && !response.closed()) {
            noted(response.end());
        }
    }

    void json(int status, @Nullable Object value) {
        send(status, JSON, Json.of(value));
    }

    void text(int status, String text) {
        send(status, TEXT, text);
    }

    void error(int status, String error, @Nullable String hint) {
        Map<String, String> body = new LinkedHashMap<>();
        body.put("error", error);
        if (hint != null) {
            body.put("hint", hint);
        }
        json(status, body);
    }

    /** Nobody who is known has asked (RFC 6750, 3). */
    void unknown() {
        response.putHeader("WWW-Authenticate", "Bearer realm=\"baton\"");
        error(
                401,
                "this needs a token",
                "set BATON_ADMIN_TOKEN for the commands of baton; in a browser open what `baton dashboard` prints");
    }

    /** Has a line written of how it ends. */
    void audited(Audit by) {
        audit = by;
    }

    /** What the request has brought, for that line. */
    void brought(String body) {
        if (audit != null) {
            audit.body(body);
        }
    }

    /** It cannot be answered, or no further; why is logged. */
    void failed(Throwable failure) {
        if (failure instanceof OverdueException overdue) {
            error(overdue.refused ? 503 : 504, String.valueOf(overdue.getMessage()), null);
        } else if (response.closed()) {
            LOG.debug("{} {} has nobody left to be answered", request.method(), request.path(), failure);
        } else {
            LOG.warn("{} {} failed", request.method(), request.path(), failure);
            if (response.headWritten()) {
                request.connection().close(); // so that a part is not taken for the whole
            } else {
                String why = failure.getMessage();
                error(500, why == null ? failure.getClass().getName() : why, null);
            }
        }
    }

    /** What does not change while the process runs. */
    void file(String type, Buffer bytes) {
        send(200, type, bytes);
    }

    void send(int status, String type, String body) {
        send(status, type, Buffer.buffer(body));
    }

    private void send(int status, String type, Buffer bytes) {
        Audit noted = audit;
        if (noted != null) {
            noted.answered(status);
        }
        client.is(State.ANSWERING);
        response.setStatusCode(status)
                .setChunked(false)
                .putHeader(HttpHeaders.CONTENT_TYPE, type)
                .putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(bytes.length()));
        noted(request.method().equals(HttpMethod.HEAD) ? response.end() : response.end(bytes));
    }

    private void noted(Future<Void> sent) {
        sent.onComplete(taken -> client.answered());
        // The client went away: no answer is needed.
        sent.onFailure(failure -> LOG.debug("{} {} was not taken", request.method(), request.path(), failure));
    }
}
