package dev.baton.it.http;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One side of an HTTP connection, blocking, as plain as can be: it must not share a mistake with what is tested. */
class HttpStream implements AutoCloseable {
    private static final int HEAD_MAX = 1 << 16;

    final Socket socket;
    final InputStream in;

    HttpStream(Socket socket) throws IOException {
        this.socket = socket;
        socket.setTcpNoDelay(true);
        in = new BufferedInputStream(socket.getInputStream(), 1 << 16);
    }

    /**
     * A message that has come.
     *
     * @param head as it came, with the empty line
     * @param body without its chunks
     * @param trailers the lines after the last chunk
     */
    @SuppressWarnings("ArrayRecordComponent") // nobody compares messages
    record Message(String head, byte[] body, String trailers) {

        String line() {
            return head.substring(0, head.indexOf("\r\n"));
        }

        /** The second word of a status line. */
        int status() {
            return Integer.parseInt(line().split(" ", 3)[1]);
        }

        /** The value of a field, or null. */
        @Nullable
        String field(String name) {
            for (String line : head.split("\r\n", -1)) {
                int colon = line.indexOf(':');
                if (colon > 0 && line.substring(0, colon).equalsIgnoreCase(name)) {
                    return line.substring(colon + 1).trim();
                }
            }
            return null;
        }

        String text() {
            return new String(body, StandardCharsets.ISO_8859_1);
        }
    }

    void send(String text) throws IOException {
        send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    void send(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    /** Up to the empty line; null if the connection ends before its first byte. */
    @Nullable
    String readHead() throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.length() < 4 || head.indexOf("\r\n\r\n", head.length() - 4) < 0) {
            int octet = in.read();
            if (octet < 0) {
                if (head.isEmpty()) {
                    return null;
                }
                throw new EOFException("in the head: " + head);
            }
            head.append((char) octet);
            if (head.length() > HEAD_MAX) {
                throw new IOException("endless head");
            }
        }
        return head.toString();
    }

    /** The next request; null if there is none. */
    @Nullable
    Message readRequest() throws IOException {
        String head = readHead();
        return head == null ? null : readBody(head, false);
    }

    /** The next response that is no 1xx; null if the connection ends before its first byte. */
    @Nullable
    Message readResponse(boolean toHead) throws IOException {
        while (true) {
            String head = readHead();
            if (head == null) {
                return null;
            }
            int status = new Message(head, new byte[0], "").status();
            if (status < 200) {
                continue;
            }
            return toHead || status == 204 || status == 304 ? new Message(head, new byte[0], "") : readBody(head, true);
        }
    }

    /** The next response to anything but HEAD. */
    Message response() throws IOException {
        return Objects.requireNonNull(readResponse(false), "the connection ended");
    }

    private Message readBody(String head, boolean untilClose) throws IOException {
        Message message = new Message(head, new byte[0], "");
        String coding = message.field("Transfer-Encoding");
        if (coding != null && coding.toLowerCase(Locale.ROOT).equals("chunked")) {
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            while (true) {
                int size = Integer.parseInt(readLine().split(";", 2)[0].trim(), 16);
                if (size == 0) {
                    break;
                }
                body.write(readFully(size));
                if (!readLine().isEmpty()) {
                    throw new IOException("chunk longer than its size");
                }
            }
            StringBuilder trailers = new StringBuilder();
            String line;
            while (!(line = readLine()).isEmpty()) {
                trailers.append(line).append("\r\n");
            }
            return new Message(head, body.toByteArray(), trailers.toString());
        }
        String length = message.field("Content-Length");
        if (length != null) {
            return new Message(head, readFully(Integer.parseInt(length)), "");
        }
        return new Message(head, untilClose ? in.readAllBytes() : new byte[0], "");
    }

    private String readLine() throws IOException {
        StringBuilder line = new StringBuilder();
        while (true) {
            int octet = in.read();
            if (octet < 0) {
                throw new EOFException("in a line: " + line);
            }
            if (octet == '\n' && !line.isEmpty() && line.charAt(line.length() - 1) == '\r') {
                line.setLength(line.length() - 1);
                return line.toString();
            }
            line.append((char) octet);
        }
    }

    private byte[] readFully(int size) throws IOException {
        byte[] bytes = in.readNBytes(size);
        if (bytes.length < size) {
            throw new EOFException("in a body, after " + bytes.length + " of " + size + " bytes");
        }
        return bytes;
    }

    /** Everything until the peer closes or resets. */
    String readAll() throws IOException {
        return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
