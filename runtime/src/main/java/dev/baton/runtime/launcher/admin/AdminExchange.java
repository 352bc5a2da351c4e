package dev.baton.runtime.launcher.admin;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Asks an admin API over TCP or a unix socket, in HTTP/1.1 with a connection for each request. The JDK's client has no
 * unix sockets, and takes as long to be made as such a command may take.
 */
final class AdminExchange {
    private static final Duration CONNECT_MAX = Duration.ofSeconds(5);
    /** Of an answer whose content is a stream: a process that has not begun it by then is not well. */
    private static final Duration HEAD_MAX = Duration.ofSeconds(30);
    /** A line of {@code /v1/tail} has a path in it, whose length the limits of the proxy bound. */
    private static final int CONTENT_LINE_MAX = 1024 * 1024;
    /** Some million rows of {@code /v1/fds}. */
    private static final int ANSWER_MAX = 1024 * 1024 * 1024;

    private final String address;
    /** Null for TCP. */
    private final @Nullable Path file;

    private final String token;
    private final Duration connectMax;
    private final Duration headMax;

    /**
     * For one process.
     *
     * @param address {@code host:port}, or of a unix socket anything
     * @param file the unix socket, or null
     * @param token shown with each request; empty for none
     */
    AdminExchange(String address, @Nullable Path file, String token) {
        this(address, file, token, CONNECT_MAX, HEAD_MAX);
    }

    /** For tests: with other limits. */
    AdminExchange(String address, @Nullable Path file, String token, Duration connectMax, Duration headMax) {
        this.address = address;
        this.file = file;
        this.token = token;
        this.connectMax = connectMax;
        this.headMax = headMax;
    }

    /** What was answered. */
    record Answer(int status, String text) {}

    /**
     * Sends a request and reads its answer, however long that takes. Blocks.
     *
     * @param body empty for none
     * @throws ConnectException if nothing listens there
     */
    Answer send(String method, String path, String body) throws IOException {
        try (SocketChannel connection = connect()) {
            write(connection, method, path, body);
            HttpAnswer answer = HttpAnswer.read(in(connection));
            return new Answer(answer.status(), text(answer));
        }
    }

    /**
     * Sends a GET and hands on the lines of its answer as they come, until the server ends it. Blocks.
     *
     * @return status 200 and no text; or another status, and what was answered
     * @throws ConnectException if nothing listens there
     */
    Answer lines(String path, Consumer<String> line) throws IOException {
        try (SocketChannel connection = connect()) {
            HttpAnswer answer = within(headMax, connection, "it has not answered", () -> {
                write(connection, "GET", path, "");
                return HttpAnswer.read(in(connection));
            });
            if (answer.status() != 200) {
                return new Answer(
                        answer.status(), within(headMax, connection, "it has not answered", () -> text(answer)));
            }
            for (String next = line(answer); next != null; next = line(answer)) {
                line.accept(next);
            }
            return new Answer(200, "");
        }
    }

    private static @Nullable String line(HttpAnswer answer) throws IOException {
        return HttpAnswer.line(answer.content(), CONTENT_LINE_MAX, StandardCharsets.UTF_8);
    }

    private static InputStream in(SocketChannel connection) {
        return new BufferedInputStream(Channels.newInputStream(connection));
    }

    private static String text(HttpAnswer answer) throws IOException {
        byte[] all = answer.content().readNBytes(ANSWER_MAX + 1);
        if (all.length > ANSWER_MAX) {
            throw new IOException("the answer is longer than " + ANSWER_MAX + " bytes");
        }
        return new String(all, StandardCharsets.UTF_8);
    }

    private interface Call<T> {
        T call() throws IOException;
    }

    /** Closes the connection if a call takes longer than it may, which wakes the thread that it blocks. */
    private static <T> T within(Duration limit, SocketChannel connection, String otherwise, Call<T> call)
            throws IOException {
        CompletableFuture<Void> done = new CompletableFuture<>();
        done.orTimeout(limit.toMillis(), TimeUnit.MILLISECONDS).whenComplete((nothing, overdue) -> {
            if (overdue != null) {
                close(connection);
            }
        });
        try {
            T result = call.call();
            if (done.complete(null)) {
                return result;
            }
            throw new AsynchronousCloseException();
        } catch (ClosedChannelException e) {
            if (!done.isCompletedExceptionally()) {
                throw e;
            }
            throw (IOException)
                    new SocketTimeoutException(otherwise + " within " + limit.toMillis() + " ms").initCause(e);
        } finally {
            done.complete(null);
        }
    }

    private static void close(SocketChannel connection) {
        try {
            connection.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // ---- sending ----------------------------------------------------------------------------------------------------

    private SocketChannel connect() throws IOException {
        SocketChannel connection =
                file == null ? SocketChannel.open() : SocketChannel.open(StandardProtocolFamily.UNIX);
        boolean connected = false;
        try {
            SocketAddress to = file == null ? tcp() : UnixDomainSocketAddress.of(file);
            within(connectMax, connection, "it has not taken the connection", () -> connection.connect(to));
            connected = true;
            return connection;
        } catch (IOException e) {
            String why = String.valueOf(e.getMessage());
            if (why.contains("refused") || why.contains("No such file")) {
                throw (ConnectException) new ConnectException(why).initCause(e);
            }
            throw e;
        } finally {
            if (!connected) {
                connection.close();
            }
        }
    }

    private InetSocketAddress tcp() throws ConnectException {
        int colon = address.lastIndexOf(':');
        String host = address.substring(0, colon);
        InetSocketAddress found = new InetSocketAddress(
                host.startsWith("[") ? host.substring(1, host.length() - 1) : host,
                Integer.parseInt(address.substring(colon + 1)));
        if (found.isUnresolved()) {
            throw new ConnectException("there is no host " + host);
        }
        return found;
    }

    /** In one piece: the rest would wait for the acknowledgement of the first. */
    private void write(SocketChannel connection, String method, String path, String body) throws IOException {
        byte[] content = body.getBytes(StandardCharsets.UTF_8);
        String head = method + " " + path + " HTTP/1.1\r\nHost: " + (file == null ? address : "localhost")
                + "\r\nConnection: close\r\n"
                + (token.isEmpty() ? "" : "Authorization: Bearer " + token + "\r\n")
                + (content.length == 0 ? "" : "Content-Type: application/json\r\n")
                + (content.length == 0 && method.equals("GET") ? "" : "Content-Length: " + content.length + "\r\n")
                + "\r\n";
        ByteBuffer all = ByteBuffer.allocate(head.length() + content.length);
        all.put(head.getBytes(StandardCharsets.US_ASCII)).put(content).flip();
        while (all.hasRemaining()) {
            connection.write(all);
        }
    }
}
