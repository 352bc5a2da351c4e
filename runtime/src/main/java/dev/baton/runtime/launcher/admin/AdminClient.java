package dev.baton.runtime.launcher.admin;

import dev.baton.runtime.launcher.admin.UnixExchange.Answer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The admin API of a running process, from outside. */
public final class AdminClient {
    private static final Duration CONNECT_MAX = Duration.ofSeconds(5);
    /** A GET reads a snapshot: a process that has not answered by then is not well. */
    private static final Duration GET_MAX = Duration.ofSeconds(30);

    private static final String HTTP = "http://";

    private final String address;
    /** The unix socket, or null for TCP. */
    private final @Nullable Path file;

    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_MAX)
            .build();

    /**
     * The process at an address.
     *
     * @param address {@code host:port} or {@code unix:/path}
     */
    public AdminClient(String address) {
        this.address = address;
        this.file =
                address.startsWith(AdminAddress.UNIX) ? Path.of(address.substring(AdminAddress.UNIX.length())) : null;
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
            answer.complete(
                    file == null ? lines(HTTP + address + path, line, http) : UnixExchange.lines(file, path, line));
        } catch (IOException e) {
            answer.completeExceptionally(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AdminException("interrupted while reading " + path, e);
        }
        checked(path, wait(path, answer));
    }

    private static Answer lines(String uri, Consumer<String> line, HttpClient http)
            throws IOException, InterruptedException {
        HttpResponse<Stream<String>> response =
                http.send(HttpRequest.newBuilder(URI.create(uri)).build(), BodyHandlers.ofLines());
        try (Stream<String> lines = response.body()) {
            if (response.statusCode() != 200) {
                return new Answer(response.statusCode(), lines.collect(Collectors.joining("\n")));
            }
            lines.forEach(line);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return new Answer(200, "");
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
        if (file != null) {
            CompletableFuture<Answer> answer = CompletableFuture.supplyAsync(
                    () -> {
                        try {
                            return UnixExchange.send(file, method, path, text);
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
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(HTTP + address + path))
                .method(method, text.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(text));
        if (body != null) {
            request.header("Content-Type", "application/json");
        }
        if (limit != null) {
            request.timeout(limit);
        }
        return http.sendAsync(request.build(), BodyHandlers.ofString())
                .thenApply(response -> new Answer(response.statusCode(), response.body()));
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
