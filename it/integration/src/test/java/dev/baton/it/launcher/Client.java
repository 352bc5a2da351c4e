package dev.baton.it.launcher;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A client of a Baton process: whole requests, and a raw connection whose moments a test chooses. */
final class Client implements AutoCloseable {
    private static final int TIMEOUT_MS = 60_000;
    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private static final Pattern LENGTH = Pattern.compile("(?i)\r\ncontent-length: (\\d+)");

    private final Socket socket;

    private Client(Socket socket) {
        this.socket = socket;
    }

    static HttpResponse<String> get(String address, String path) throws Exception {
        return HTTP.send(
                HttpRequest.newBuilder(URI.create("http://" + address + path)).build(), BodyHandlers.ofString());
    }

    static HttpResponse<String> post(String address, String path, String body) throws Exception {
        return HTTP.send(
                HttpRequest.newBuilder(URI.create("http://" + address + path))
                        .POST(BodyPublishers.ofString(body))
                        .build(),
                BodyHandlers.ofString());
    }

    /** Opens a raw connection. */
    static Client connect(String address) throws IOException {
        // All addresses of these tests are on loopback.
        int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(TIMEOUT_MS);
        return new Client(socket);
    }

    /** Sends a GET and does not wait. */
    Client ask(String path) throws IOException {
        return send("GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n");
    }

    Client send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        return this;
    }

    /** Sends no more; what was sent can still be answered. */
    Client finish() throws IOException {
        socket.shutdownOutput();
        return this;
    }

    /** One answer, head and body, whose length is said or which comes in chunks. */
    String answer() throws IOException {
        StringBuilder text = new StringBuilder();
        int body = -1;
        long end = Long.MAX_VALUE;
        while (text.length() < end
                && !(body >= 0 && end == Long.MAX_VALUE && text.toString().endsWith("0\r\n\r\n"))) {
            int octet = socket.getInputStream().read();
            if (octet < 0) {
                return text + "[end]";
            }
            text.append((char) octet);
            if (body < 0 && text.toString().endsWith("\r\n\r\n")) {
                body = text.length();
                Matcher length = LENGTH.matcher(text);
                end = length.find() ? body + Long.parseLong(length.group(1)) : Long.MAX_VALUE;
            }
        }
        return text.toString();
    }

    /** One line, without its end. */
    String line() throws IOException {
        StringBuilder text = new StringBuilder();
        for (int octet = socket.getInputStream().read();
                octet != '\n';
                octet = socket.getInputStream().read()) {
            if (octet < 0) {
                return text + "[end]";
            }
            text.append((char) octet);
        }
        return text.toString();
    }

    /** Everything up to the end of the connection; a reset counts as one. */
    String rest() throws IOException {
        StringBuilder text = new StringBuilder();
        InputStream in = socket.getInputStream();
        byte[] bytes = new byte[4096];
        try {
            for (int n = in.read(bytes); n >= 0; n = in.read(bytes)) {
                text.append(new String(bytes, 0, n, StandardCharsets.ISO_8859_1));
            }
        } catch (java.net.SocketException reset) {
            text.append("[reset]");
        }
        return text.toString();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
