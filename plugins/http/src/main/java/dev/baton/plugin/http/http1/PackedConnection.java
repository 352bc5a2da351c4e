package dev.baton.plugin.http.http1;

import dev.baton.plugin.http.exchange.PackedTunnel;
import dev.baton.plugin.http.exchange.StateReader;
import dev.baton.plugin.http.exchange.StateWriter;
import java.util.Optional;

/**
 * What the next process must know of a client's connection in HTTP/1, as bytes.
 *
 * <pre>
 * format       "http/1 packed 1"
 * asked        the first request has come
 * silent       nanoseconds since something came or went
 * head begun   a head has begun, whose time is running; only empty lines of it may have come
 * waiting      bytes that have come from the client and were not used
 * tunnel       there is one; if so:
 *   exchange   see {@link PackedTunnel}
 *   answer     bytes that have come from the server and were not used
 * </pre>
 */
final class PackedConnection {
    /** Another form of the state gets another number: a process leaves what it does not know where it is. */
    private static final String FORMAT = "http/1 packed 1";

    final boolean asked;
    final long silentNanos;
    final boolean headBegun;
    final byte[] waiting;
    final Optional<PackedTunnel> tunnel;
    final byte[] answer;

    PackedConnection(
            boolean asked,
            long silentNanos,
            boolean headBegun,
            byte[] waiting,
            Optional<PackedTunnel> tunnel,
            byte[] answer) {
        this.asked = asked;
        this.silentNanos = silentNanos;
        this.headBegun = headBegun;
        this.waiting = waiting;
        this.tunnel = tunnel;
        this.answer = answer;
    }

    byte[] write() {
        StateWriter out = new StateWriter()
                .bytes(HeadWriter.ascii(FORMAT))
                .flag(asked)
                .count(silentNanos)
                .flag(headBegun)
                .bytes(waiting)
                .flag(tunnel.isPresent());
        tunnel.ifPresent(packed -> {
            packed.write(out);
            out.bytes(answer);
        });
        return out.toBytes();
    }

    /**
     * Reads one.
     *
     * @throws IllegalArgumentException if it is none
     */
    static PackedConnection read(byte[] state) {
        StateReader in = new StateReader(state);
        if (!in.name().equals(FORMAT)) {
            throw new IllegalArgumentException("not the state of a connection in HTTP/1");
        }
        boolean asked = in.flag();
        long silentNanos = in.count();
        boolean headBegun = in.flag();
        byte[] waiting = in.bytes();
        Optional<PackedTunnel> tunnel = in.flag() ? Optional.of(PackedTunnel.read(in)) : Optional.empty();
        byte[] answer = tunnel.isPresent() ? in.bytes() : new byte[0];
        in.end();
        if (headBegun && tunnel.isPresent()) {
            throw new IllegalArgumentException("the head of a request in a tunnel");
        }
        return new PackedConnection(asked, silentNanos, headBegun, waiting, tunnel, answer);
    }
}
