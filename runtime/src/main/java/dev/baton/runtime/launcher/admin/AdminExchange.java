package dev.baton.runtime.launcher.admin;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Asks an admin API over TCP or a unix socket, in HTTP/1.1 with a connection for each request. The JDK's client has no
 * unix sockets, and takes as long to be made as such a command may take.
 */
final class AdminExchange {
    private static final Duration CONNECT_MAX = Duration.ofSeconds(5);
    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] ([0-9]{3})(?: .*)?");
    private static final String LENGTH = "content-length:";
    private static final Pattern LENGTH_DIGITS = Pattern.compile(LENGTH + "[0-9]{1,18}");
    private static final int LINE_MAX = 8 * 1024;

    private final String address;
    /** Null for TCP. */
    private final @Nullable Path file;

    private final String token;

    /**
     * For one process.
     *
     * @param address {@code host:port}, or of a unix socket anything
     * @param file the unix socket, or null
     * @param token shown with each request; empty for none
     */
    AdminExchange(String address, @Nullable Path file, String token) {
        this.address = address;
        this.file = file;
        this.token = token;
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
            InputStream in = new BufferedInputStream(Channels.newInputStream(connection));
            int status = status(in);
            Content content = content(in);
            byte[] all = content.in().readAllBytes();
            if (content.length() >= 0 && all.length != content.length()) {
                throw new EOFException("the answer breaks off");
            }
            return new Answer(status, new String(all, StandardCharsets.UTF_8));
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
            write(connection, "GET", path, "");
            InputStream in = new BufferedInputStream(Channels.newInputStream(connection));
            int status = status(in);
            BufferedReader answer =
                    new BufferedReader(new InputStreamReader(content(in).in(), StandardCharsets.UTF_8));
            StringBuilder refusal = new StringBuilder();
            for (String next = answer.readLine(); next != null; next = answer.readLine()) {
                if (status == 200) {
                    line.accept(next);
                } else {
                    refusal.append(next).append('\n');
                }
            }
            return new Answer(status, refusal.toString());
        }
    }

    // ---- sending ----------------------------------------------------------------------------------------------------

    private SocketChannel connect() throws IOException {
        SocketChannel connection =
                file == null ? SocketChannel.open() : SocketChannel.open(StandardProtocolFamily.UNIX);
        boolean connected = false;
        try {
            if (file == null) {
                connection.socket().connect(tcp(), (int) CONNECT_MAX.toMillis());
            } else {
                connection.connect(UnixDomainSocketAddress.of(file));
            }
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

    // ---- reading ----------------------------------------------------------------------------------------------------

    private static int status(InputStream in) throws IOException {
        String line = line(in);
        Matcher status = STATUS.matcher(line == null ? "" : line);
        if (!status.matches()) {
            throw new IOException(
                    line == null
                            ? "the connection was closed without an answer: is this user one of admin: users?"
                            : "that is no HTTP");
        }
        return Integer.parseInt(status.group(1));
    }

    /**
     * What follows the head of an answer.
     *
     * @param length in bytes; negative if it is not said
     */
    private record Content(InputStream in, long length) {}

    /** Reads the fields. */
    private static Content content(InputStream in) throws IOException {
        boolean chunked = false;
        long length = -1;
        for (String line = line(in); line == null || !line.isEmpty(); line = line(in)) {
            if (line == null) {
                throw new EOFException("the answer breaks off in its head");
            }
            String field = line.toLowerCase(Locale.ROOT).replace(" ", "");
            chunked |= field.equals("transfer-encoding:chunked");
            if (field.startsWith(LENGTH) && LENGTH_DIGITS.matcher(field).matches()) {
                length = Long.parseLong(field.substring(LENGTH.length()));
            }
        }
        return chunked ? new Content(new Chunks(in), -1) : new Content(in, length);
    }

    /** Null at the end. */
    private static @Nullable String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int octet = in.read(); octet != '\n'; octet = in.read()) {
            if (octet < 0) {
                return line.size() == 0 ? null : line.toString(StandardCharsets.ISO_8859_1);
            }
            if (line.size() == LINE_MAX) {
                throw new IOException("that is no HTTP");
            }
            line.write(octet);
        }
        String text = line.toString(StandardCharsets.ISO_8859_1);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    }

    /** A body in chunks (RFC 9112, 7.1). */
    private static final class Chunks extends InputStream {
        private final InputStream in;
        private int left;
        private boolean begun;
        private boolean ended;

        Chunks(InputStream in) {
            this.in = in;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] into, int from, int length) throws IOException {
            if (left == 0 && !ended) {
                next();
            }
            if (ended) {
                return -1;
            }
            int read = in.read(into, from, Math.min(length, left));
            if (read < 0) {
                throw new EOFException("the answer breaks off");
            }
            left -= read;
            return read;
        }

        private void next() throws IOException {
            String size = begun ? afterLast() : line(in);
            begun = true;
            if (size == null) {
                throw new EOFException("the answer breaks off");
            }
            int extension = size.indexOf(';');
            try {
                left = Integer.parseUnsignedInt((extension < 0 ? size : size.substring(0, extension)).strip(), 16);
            } catch (NumberFormatException e) {
                throw new IOException("that is no HTTP", e);
            }
            if (left < 0) {
                throw new IOException("a piece of the answer is longer than 2 GiB");
            }
            ended = left == 0;
        }

        private @Nullable String afterLast() throws IOException {
            line(in); // the end of the chunk before
            return line(in);
        }
    }
}
