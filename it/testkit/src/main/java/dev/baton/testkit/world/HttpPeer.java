package dev.baton.testkit.world;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;

/**
 * A {@link Peer} that speaks HTTP/1.1: a client, which {@link #send}s requests and {@link #receive}s their responses,
 * or a server, which does the reverse by {@link #receive} and {@link #respond}. Messages that are malformed, or end too
 * soon, fail the test. {@link #connection} sends what is cut or wrong.
 *
 * <p>Every wait is bounded, as those of a peer.
 */
public final class HttpPeer implements AutoCloseable {
    private static final String END_OF_HEAD = "\r\n\r\n";
    private static final String LINE_END = "\r\n";
    private static final int HEX = 16;
    private static final int INFORMATIONAL_MAX = 199;
    private static final int NO_CONTENT = 204;
    private static final int NOT_MODIFIED = 304;

    private final Peer connection;
    /** Methods of requests whose responses have not come. */
    private final Deque<String> asked = new ArrayDeque<>();

    HttpPeer(Peer connection) {
        this.connection = connection;
    }

    /** The connection itself, for bytes that are no whole message. */
    public Peer connection() {
        return connection;
    }

    // ---- a client's ------------------------------------------------------------------------------------------------

    /**
     * Sends a request without a body. It has a {@code Host} unless the fields name one.
     *
     * @param request method and target, such as {@code GET /}
     * @param fields such as {@code Accept: *}
     */
    public HttpPeer send(String request, String... fields) {
        connection.send(head(request, fields) + LINE_END);
        return this;
    }

    /** Sends a request with a body, whose length it says. */
    public HttpPeer sendWithBody(String body, String request, String... fields) {
        connection.send(head(request, fields) + "Content-Length: " + length(body) + END_OF_HEAD + body);
        return this;
    }

    /** Sends the head of a request whose body comes in chunks, by {@link #sendChunk} and {@link #endChunks}. */
    public HttpPeer sendHead(String request, String... fields) {
        connection.send(head(request, fields) + "Transfer-Encoding: chunked" + END_OF_HEAD);
        return this;
    }

    /** Sends a piece of a body that comes in chunks, of a request or of a response. */
    public HttpPeer sendChunk(String text) {
        connection.send(Integer.toHexString(length(text)) + LINE_END + text + LINE_END);
        return this;
    }

    /** Ends a body that comes in chunks. */
    public HttpPeer endChunks() {
        connection.send("0" + END_OF_HEAD);
        return this;
    }

    private String head(String request, String... fields) {
        asked.add(request.substring(0, request.indexOf(' ')));
        StringBuilder head = new StringBuilder(request).append(" HTTP/1.1\r\n");
        boolean host = false;
        for (String each : fields) {
            head.append(each).append(LINE_END);
            host |= each.regionMatches(true, 0, "host:", 0, "host:".length());
        }
        return host ? head.toString() : head.append("Host: test\r\n").toString();
    }

    // ---- a server's ------------------------------------------------------------------------------------------------

    /** Sends a response with a body, whose length it says. */
    public HttpPeer respond(int status, String body, String... fields) {
        connection.send(statusLine(status, fields) + "Content-Length: " + length(body) + END_OF_HEAD + body);
        return this;
    }

    /** Sends the head of a response whose body comes in chunks, by {@link #sendChunk} and {@link #endChunks}. */
    public HttpPeer respondHead(int status, String... fields) {
        connection.send(statusLine(status, fields) + "Transfer-Encoding: chunked" + END_OF_HEAD);
        return this;
    }

    private static String statusLine(int status, String... fields) {
        StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " Played\r\n");
        for (String each : fields) {
            head.append(each).append(LINE_END);
        }
        return head.toString();
    }

    private static int length(String body) {
        return body.getBytes(StandardCharsets.UTF_8).length;
    }

    // ---- of both ---------------------------------------------------------------------------------------------------

    /** Waits for the next message, whole: a request, or the response to the oldest request that has none. */
    public HttpMessage receive() {
        HttpMessage message = new HttpMessage(connection.readUntil(END_OF_HEAD));
        boolean response = message.start().startsWith("HTTP/1.");
        String method = response ? method(message) : message.method();
        List<String> lengths = message.fields("Content-Length");
        List<String> codings = message.fields("Transfer-Encoding");
        if (lengths.size() + codings.size() > 1) {
            throw new AssertionError("several lengths: " + message);
        }
        if (response && isBodyless(message.status(), method)) {
            return message;
        }
        if (!codings.isEmpty()) {
            if (!codings.get(0).toLowerCase(Locale.ROOT).equals("chunked")) {
                throw new AssertionError("unknown transfer coding: " + message);
            }
            chunks(message);
        } else if (!lengths.isEmpty()) {
            message.body(connection.read(Integer.parseInt(lengths.get(0))));
        } else if (response) {
            message.body(connection.readToEnd());
        }
        return message;
    }

    private String method(HttpMessage response) {
        if (asked.isEmpty()) {
            throw new AssertionError("a response to no request: " + response);
        }
        return response.status() <= INFORMATIONAL_MAX ? asked.element() : asked.remove();
    }

    private static boolean isBodyless(int status, String method) {
        return method.equals("HEAD") || status <= INFORMATIONAL_MAX || status == NO_CONTENT || status == NOT_MODIFIED;
    }

    private void chunks(HttpMessage message) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        int size = chunkSize();
        while (size > 0) {
            body.writeBytes(connection.read(size));
            connection.expect(LINE_END);
            size = chunkSize();
        }
        message.body(body.toByteArray());
        for (String line = line(); !line.isEmpty(); line = line()) {
            message.trailer(line);
        }
    }

    private int chunkSize() {
        String line = line();
        int semicolon = line.indexOf(';');
        return Integer.parseInt(semicolon < 0 ? line : line.substring(0, semicolon), HEX);
    }

    private String line() {
        String line = connection.readUntil(LINE_END);
        return line.substring(0, line.length() - LINE_END.length());
    }

    /** Ends. A second time does nothing. */
    @Override
    public void close() {
        connection.close();
    }
}
