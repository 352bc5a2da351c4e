package dev.baton.runtime.launcher.admin;

import dev.baton.runtime.launcher.admin.AdminExchange.Answer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The admin API of a running process, from outside. */
public final class AdminClient {
    /** A GET reads a snapshot: a process that has not answered by then is not well. */
    private static final Duration GET_MAX = Duration.ofSeconds(30);

    private static final String HTTP = "http://";

    private final String address;
    /** The unix socket, or null for TCP. */
    private final @Nullable Path file;

    private final AdminExchange exchange;

    /**
     * The process at an address.
     *
     * @param address {@code host:port} or {@code unix:/path}
     * @throws AdminException if the environment has a token that is none
     */
    public AdminClient(String address) throws AdminException {
        this(address, AdminToken.of(System.getenv()));
    }

    /**
     * The same, with another token than the environment has.
     *
     * @param token empty for none
     */
    public AdminClient(String address, String token) {
        this.address = address;
        this.file =
                address.startsWith(AdminAddress.UNIX) ? Path.of(address.substring(AdminAddress.UNIX.length())) : null;
        this.exchange = new AdminExchange(address, file, token);
    }

    /** The text that a GET answers. */
    public String get(String path) throws AdminException {
        return checked(path, wait(path, send("GET", path, null, GET_MAX)));
    }

    /** The array that a GET answers. */
    public JsonArray table(String path) throws AdminException {
        return decode(path, get(path)) instanceof JsonArray rows ? rows : new JsonArray();
    }

    /** The object that a GET answers. */
    public JsonObject object(String path) throws AdminException {
        return decode(path, get(path)) instanceof JsonObject object ? object : new JsonObject();
    }

    /**
     * Hands on the lines that a GET answers as they come, until the process ends the answer. Blocks.
     *
     * @throws AdminException if it is refused, or breaks off
     */
    public void lines(String path, Consumer<String> line) throws AdminException {
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        try {
            answer.complete(exchange.lines(path, line));
        } catch (IOException e) {
            answer.completeExceptionally(e);
        }
        checked(path, wait(path, answer));
    }

    /** A POST under way; it is answered when it is done, however long that takes. */
    public Pending post(String path) {
        return new Pending(path, send("POST", path, null, null));
    }

    /** A POST with a body under way. */
    public Pending post(String path, JsonObject body) {
        return new Pending(path, send("POST", path, body, null));
    }

    /** A DELETE under way; it is answered when it is done, however long that takes. */
    public Pending delete(String path) {
        return new Pending(path, send("DELETE", path, null, null));
    }

    private CompletableFuture<Answer> send(
            String method, String path, @Nullable JsonObject body, @Nullable Duration limit) {
        String text = body == null ? "" : body.encode();
        CompletableFuture<Answer> answer = CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return exchange.send(method, path, text);
                    } catch (IOException e) {
                        throw new CompletionException(e);
                    }
                },
                task -> {
                    Thread thread = new Thread(task, "admin-client");
                    thread.setDaemon(true);
                    thread.start();
                });
        return limit == null ? answer : answer.orTimeout(limit.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** What a POST or a DELETE will answer. */
    public final class Pending {
        private final String path;
        private final CompletableFuture<Answer> response;

        private Pending(String path, CompletableFuture<Answer> response) {
            this.path = path;
            this.response = response;
        }

        /** The object that it answers, however long that takes. */
        public JsonObject answer() throws AdminException {
            Answer answer = AdminClient.this.wait(path, response);
            // It was tried and failed (409), or what it was tried with is wrong (422): the object says why.
            boolean tried = answer.status() == 409 || answer.status() == 422;
            Object decoded = decode(path, tried ? answer.text() : checked(path, answer));
            return decoded instanceof JsonObject object ? object : new JsonObject();
        }

        /** The same, or null if that takes longer. */
        @Nullable
        public JsonObject within(Duration patience) throws AdminException {
            try {
                response.get(patience.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                return null;
            } catch (ExecutionException e) {
                // answer() says it.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AdminException("interrupted while waiting for " + path, e);
            }
            return answer();
        }
    }

    /** The address that it asks. */
    public String address() {
        return address;
    }

    /** The path of the unix socket that it asks; null if it asks over TCP. */
    public @Nullable String socket() {
        return file == null ? null : file.toString();
    }

    /** The host that the process is on, as the address names it; {@code localhost} for a unix socket. */
    public String host() {
        return file == null ? address.substring(0, address.lastIndexOf(':')) : "localhost";
    }

    /** True if the process is on this machine: then its end can be seen. */
    public boolean isLocal() {
        if (file != null) {
            return true;
        }
        String host = host();
        return host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]");
    }

    private Answer wait(String path, CompletableFuture<Answer> response) throws AdminException {
        try {
            return response.join();
        } catch (CompletionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            if (cause instanceof ConnectException) {
                throw new AdminException(
                        "nothing answers at " + address + ": is Baton running, with this admin address? --admin names"
                                + " another one",
                        cause);
            }
            throw new AdminException("cannot ask " + where(path) + ": " + reason(cause), cause);
        }
    }

    private String where(String path) {
        return file == null ? HTTP + address + path : path + " of " + address;
    }

    private static String reason(Throwable cause) {
        return cause instanceof IOException && cause.getMessage() != null ? cause.getMessage() : cause.toString();
    }

    private String checked(String path, Answer answer) throws AdminException {
        if (answer.status() / 100 == 2) {
            return answer.text();
        }
        String error = answer.text();
        try {
            if (Json.decodeValue(error) instanceof JsonObject object) {
                String hint = object.getString("hint");
                error = object.getString("error", error) + (hint == null ? "" : "; " + hint);
            }
        } catch (DecodeException notOurs) {
            error = where(path) + " answers " + answer.status() + ": is that Baton's admin address?";
        }
        throw new AdminException(error);
    }

    private Object decode(String path, String text) throws AdminException {
        try {
            return Json.decodeValue(text);
        } catch (DecodeException e) {
            throw new AdminException(where(path) + " does not answer JSON: is that Baton's admin address?", e);
        }
    }
}
