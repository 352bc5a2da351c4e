package dev.baton.it.http;

import dev.baton.it.http.HttpStream.Message;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.SplittableRandom;

/** Answers each request with what its token asks for, framed in every way there is, and now and then dies instead. */
final class ChaosOrigin implements Origin.Play {
    /** Longest body: more than one read. */
    static final int LENGTH_MAX = 100_000;

    private final SplittableRandom random;

    ChaosOrigin(SplittableRandom random) {
        this.random = random;
    }

    /** The bytes that belong to a token and to no other. */
    static byte[] body(String token, int length) {
        byte[] body = new byte[length];
        byte[] piece = (token + ";").getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < length; i++) {
            body[i] = piece[i % piece.length];
        }
        return body;
    }

    /** Half of all bodies are short. */
    static int length(SplittableRandom random) {
        return random.nextInt(random.nextBoolean() ? 100 : LENGTH_MAX);
    }

    @Override
    public void play(HttpStream connection, int number) throws IOException {
        SplittableRandom dice;
        synchronized (this) {
            dice = random.split();
        }
        Message request;
        while ((request = connection.readRequest()) != null) {
            String token = Objects.requireNonNull(request.field("X-Token"));
            int length = Integer.parseInt(Objects.requireNonNull(request.field("X-Length")));
            byte[] body = body(token, length);
            if (request.line().startsWith("POST ") && !Arrays.equals(request.body(), body)) {
                throw new AssertionError("the body of request " + token + " is another's");
            }
            int what = dice.nextInt(100);
            if (what < 3) {
                return;
            }
            if (what < 10) {
                connection.send("HTTP/1.1 103 Early Hints\r\nX-Token: " + token + "\r\n\r\n");
            }
            boolean last = what < 15;
            connection.send("HTTP/1.1 200 OK\r\nX-Token: " + token + (last ? "\r\nConnection: close" : "") + "\r\n");
            if (!answer(connection, body, dice) || last || what < 18) {
                return;
            }
        }
    }

    /** False: that was the end of the connection. */
    private static boolean answer(HttpStream connection, byte[] body, SplittableRandom dice) throws IOException {
        switch (dice.nextInt(20)) {
            case 0 -> { // dies in the middle
                connection.send("Content-Length: " + (body.length + 1) + "\r\n\r\n");
                connection.send(Arrays.copyOf(body, dice.nextInt(body.length + 1)));
                return false;
            }
            case 1 -> { // ends with the connection, so that nobody can tell whether it is whole
                connection.send("X-Ends: sometime\r\n\r\n");
                connection.send(body);
                return false;
            }
            case 2, 3, 4, 5, 6, 7 -> connection.send(chunked(body, dice));
            default -> {
                connection.send("Content-Length: " + body.length + "\r\n\r\n");
                connection.send(body);
            }
        }
        return true;
    }

    private static byte[] chunked(byte[] body, SplittableRandom dice) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(ascii("Transfer-Encoding: chunked\r\n\r\n"));
        out.write(chunks(body, dice));
        return out.toByteArray();
    }

    /** A chunked body. */
    static byte[] chunks(byte[] body, SplittableRandom dice) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int from = 0; from < body.length; ) {
            int size = Math.min(body.length - from, 1 + dice.nextInt(dice.nextBoolean() ? 50 : 30_000));
            out.write(ascii(Integer.toHexString(size) + "\r\n"));
            out.write(body, from, size);
            out.write(ascii("\r\n"));
            from += size;
        }
        out.write(ascii("0\r\n\r\n"));
        return out.toByteArray();
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
