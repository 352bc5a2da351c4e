package dev.baton.plugin.tracecontext;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/** An OTLP collector, which may also refuse spans or hang. It reads protocol buffers by their field numbers. */
final class Collector implements AutoCloseable {
    private static final int NO_ANSWER_BODY = -1;

    private final HttpServer server;
    private final List<Seen> spans = new CopyOnWriteArrayList<>();
    private volatile int status = 200;
    private volatile CountDownLatch gate = new CountDownLatch(0);

    /** A span, with the attributes of its own; numbers as text. */
    record Seen(
            String service,
            String name,
            long kind,
            String traceId,
            String spanId,
            String parent,
            long status,
            long nanos,
            Map<String, String> attributes) {}

    Collector() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/v1/traces", this::receive);
        server.start();
    }

    String endpoint() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/v1/traces";
    }

    /** Answers with this status from now on. */
    void answer(int answered) {
        status = answered;
    }

    /** Answers nothing until {@link #letGo}. */
    void hang() {
        gate = new CountDownLatch(1);
    }

    void letGo() {
        gate.countDown();
    }

    List<Seen> spans() {
        return List.copyOf(spans);
    }

    private void receive(HttpExchange exchange) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        try {
            gate.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (status == 200) {
            for (Fields resource : Fields.of(body).messages(1)) {
                String service = attributes(resource.message(1), 1).getOrDefault("service.name", "");
                for (Fields scope : resource.messages(2)) {
                    scope.messages(2).forEach(span -> spans.add(seen(service, span)));
                }
            }
        }
        exchange.sendResponseHeaders(status, NO_ANSWER_BODY);
        exchange.close();
    }

    private static Seen seen(String service, Fields span) {
        return new Seen(
                service,
                span.text(5),
                span.number(6),
                span.hex(1),
                span.hex(2),
                span.hex(4),
                span.message(15).number(3),
                span.number(8) - span.number(7),
                attributes(span, 9));
    }

    private static Map<String, String> attributes(Fields of, int field) {
        Map<String, String> attributes = new HashMap<>();
        for (Fields pair : of.messages(field)) {
            Fields value = pair.message(2);
            attributes.put(pair.text(1), value.has(1) ? value.text(1) : Long.toString(value.number(3)));
        }
        return attributes;
    }

    @Override
    public void close() {
        letGo();
        server.stop(0);
    }

    /** The fields of a message: numbers as Long, all else as bytes. */
    private record Fields(Map<Integer, List<Object>> values) {
        static Fields of(byte[] message) {
            Map<Integer, List<Object>> values = new HashMap<>();
            ByteBuffer in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
            while (in.hasRemaining()) {
                long tag = varint(in);
                values.computeIfAbsent((int) (tag >>> 3), each -> new ArrayList<>())
                        .add(
                                switch ((int) tag & 7) {
                                    case 0 -> varint(in);
                                    case 1 -> in.getLong();
                                    case 2 -> bytes(in);
                                    case 5 -> (long) in.getInt();
                                    default -> throw new AssertionError("no wire type of OTLP: " + tag);
                                });
            }
            return new Fields(values);
        }

        private static long varint(ByteBuffer in) {
            long number = 0;
            for (int shift = 0; ; shift += 7) {
                byte next = in.get();
                number |= (long) (next & 0x7F) << shift;
                if (next >= 0) {
                    return number;
                }
            }
        }

        private static byte[] bytes(ByteBuffer in) {
            byte[] bytes = new byte[(int) varint(in)];
            in.get(bytes);
            return bytes;
        }

        boolean has(int field) {
            return values.containsKey(field);
        }

        private byte[] one(int field) {
            return (byte[]) values.getOrDefault(field, List.of(new byte[0])).get(0);
        }

        String text(int field) {
            return new String(one(field), StandardCharsets.UTF_8);
        }

        String hex(int field) {
            return HexFormat.of().formatHex(one(field));
        }

        long number(int field) {
            return (Long) values.getOrDefault(field, List.of(0L)).get(0);
        }

        Fields message(int field) {
            return of(one(field));
        }

        List<Fields> messages(int field) {
            return values.getOrDefault(field, List.of()).stream()
                    .map(each -> of((byte[]) each))
                    .toList();
        }
    }
}
