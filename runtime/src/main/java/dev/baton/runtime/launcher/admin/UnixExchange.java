package dev.baton.runtime.launcher.admin;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One request over a unix socket, which the JDK's HTTP client does not speak to. In HTTP/1.0, whose answer is not
 * chunked and ends with the connection (RFC 1945, 7.2.2).
 */
final class UnixExchange {
    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] ([0-9]{3})[ \r]");
    private static final String HEAD_END = "\r\n\r\n";
    private static final int PIECE_BYTES = 64 * 1024;

    private UnixExchange() {}

    /** What was answered. */
    record Answer(int status, String text) {}

    /**
     * Sends a request and reads its answer, however long that takes. Blocks.
     *
     * @param body empty for none
     * @throws ConnectException if nothing listens there
     */
    static Answer send(Path socket, String method, String path, String body) throws IOException {
        byte[] content = body.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        try (SocketChannel connection = connect(socket)) {
            write(connection, head(method, path, content.length).getBytes(StandardCharsets.US_ASCII));
            write(connection, content);
            ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
            while (connection.read(piece) >= 0) {
                answer.write(piece.array(), 0, piece.position());
                piece.clear();
            }
        }
        String text = answer.toString(StandardCharsets.UTF_8);
        int status = status(text);
        int end = text.indexOf(HEAD_END);
        if (end < 0) {
            throw new IOException("that is no HTTP");
        }
        return new Answer(status, text.substring(end + HEAD_END.length()));
    }

    /**
     * Sends a GET and hands on the lines of its answer as they come, until the server ends it. Blocks.
     *
     * @return status 200 and no text; or another status, and what was answered
     * @throws ConnectException if nothing listens there
     */
    static Answer lines(Path socket, String path, Consumer<String> line) throws IOException {
        try (SocketChannel connection = connect(socket)) {
            write(connection, head("GET", path, 0).getBytes(StandardCharsets.US_ASCII));
            BufferedReader answer = new BufferedReader(
                    new InputStreamReader(Channels.newInputStream(connection), StandardCharsets.UTF_8));
            String first = answer.readLine();
            int status = status(first == null ? "" : first + "\r");
            String next = answer.readLine();
            while (next != null && !next.isEmpty()) {
                next = answer.readLine(); // fields: none is needed
            }
            StringBuilder refusal = new StringBuilder();
            while ((next = answer.readLine()) != null) {
                if (status == 200) {
                    line.accept(next);
                } else {
                    refusal.append(next).append('\n');
                }
            }
            return new Answer(status, refusal.toString());
        }
    }

    private static String head(String method, String path, int length) {
        return method + " " + path + " HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Content-Length: " + length + HEAD_END;
    }

    private static int status(String answer) throws IOException {
        Matcher status = STATUS.matcher(answer);
        if (!status.lookingAt()) {
            throw new IOException(
                    answer.isEmpty()
                            ? "the connection was closed without an answer: is this user one of admin: users?"
                            : "that is no HTTP");
        }
        return Integer.parseInt(status.group(1));
    }

    private static SocketChannel connect(Path socket) throws IOException {
        SocketChannel connection = SocketChannel.open(StandardProtocolFamily.UNIX);
        boolean connected = false;
        try {
            connection.connect(UnixDomainSocketAddress.of(socket));
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

    private static void write(SocketChannel connection, byte[] bytes) throws IOException {
        ByteBuffer left = ByteBuffer.wrap(bytes);
        while (left.hasRemaining()) {
            connection.write(left);
        }
    }
}
