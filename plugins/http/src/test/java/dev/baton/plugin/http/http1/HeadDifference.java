package dev.baton.plugin.http.http1;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.baton.plugin.http.exchange.Downstream;
import dev.baton.plugin.http.exchange.Exchange;
import dev.baton.plugin.http.exchange.HeaderFields;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.plugin.http.exchange.RefusedException;
import dev.baton.plugin.http.exchange.ResponseHead;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.HttpDecoderConfig;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Has the same bytes read by the decoders of this package and by those that are made of Netty's. What Netty's refuses
 * must be refused. What is refused although Netty's takes it must be for one of the reasons that are named here. What
 * both take must be the same head, and end at the same byte.
 */
final class HeadDifference {
    /** Where this package is stricter. */
    private static final List<String> STRICTER = List.of(
            "header field without a colon", // Netty's takes the whole line for a name
            "header field without a name",
            "blank in the name of a field",
            "field name with a character that is not allowed",
            "field value with a character that is not allowed", // Netty's drops control characters at the ends
            "status line that does not end in CR LF", // Netty's skips what is before it
            "control character in the reason", // at its ends
            "white space in the request line", // Netty's may look at it only when it has the first field
            "CR without LF in the head", // Netty's waits for the LF that ends the line
            "folded header field", // before the first field
            "neither HTTP/1.0 nor HTTP/1.1", // Netty's skips control characters and blanks before it
            "status that is no number", // Netty's also takes other white space behind it
            "status that has not three digits",
            "ambiguous length", // also where no length matters, as before a tunnel
            Refusal.AMBIGUOUS_LENGTH.toString()); // Netty's takes the first of several in HTTP/1.0

    private HeadDifference() {}

    /**
     * A server's response.
     *
     * @param pieces how many bytes come next, of so many that are left
     */
    static void ofResponse(byte[] bytes, int limit, @Nullable Exchange asked, IntUnaryOperator pieces) {
        NettyResponseDecoder netty = new NettyResponseDecoder(config(limit));
        ResponseDecoder own = new ResponseDecoder(limit);
        netty.answering(asked);
        own.answering(asked);
        String expected = read(bytes, in -> shown(netty.decodeHead(in)), left -> left);
        String whole = read(bytes, in -> shown(own.decodeHead(in)), left -> left);
        compare(bytes, expected, whole);
        own.answering(asked);
        same(bytes, whole, read(bytes, in -> shown(own.decodeHead(in)), pieces));
    }

    /**
     * A request.
     *
     * @param pieces how many bytes come next, of so many that are left
     */
    static void ofRequest(byte[] bytes, int limit, Downstream client, IntUnaryOperator pieces) {
        NettyRequestDecoder netty = new NettyRequestDecoder(config(limit));
        String expected = read(bytes, in -> shown(netty.decodeHead(client, in)), left -> left);
        String whole = read(bytes, in -> shown(RequestDecoder.decodeHead(in, 0, limit, client)), left -> left);
        compare(bytes, expected, whole);
        int[] seen = {0};
        Decoder inPieces = in -> {
            String request = shown(RequestDecoder.decodeHead(in, seen[0], limit, client));
            seen[0] = in.readableBytes();
            return request;
        };
        same(bytes, whole, read(bytes, inPieces, pieces));
    }

    private static HttpDecoderConfig config(int limit) {
        return new HttpDecoderConfig()
                .setMaxInitialLineLength(limit)
                .setMaxHeaderSize(limit)
                .setAllowDuplicateContentLengths(false)
                .setStrictLineParsing(true)
                .setUseRfc9112TransferEncoding(true);
    }

    private static void compare(byte[] bytes, String expected, String found) {
        boolean stricter = found.startsWith("refused: ")
                && (expected.startsWith("refused: ") || STRICTER.contains(found.substring("refused: ".length())));
        // One that refuses later what it has not seen to its end is no less strict.
        boolean later = expected.startsWith("refused: ") && found.equals("unfinished") && !hasEnd(bytes);
        if (!expected.equals(found) && !stricter && !later) {
            throw new AssertionError(text(bytes) + ": Netty's decoder: " + expected + "; this one: " + found);
        }
    }

    private static void same(byte[] bytes, String whole, String found) {
        if (!whole.equals(found)) {
            throw new AssertionError(text(bytes) + ": at once: " + whole + "; in pieces: " + found);
        }
    }

    private static String text(byte[] bytes) {
        return "\"" + new String(bytes, ISO_8859_1).replace("\r", "\\r").replace("\n", "\\n") + "\"";
    }

    private static boolean hasEnd(byte[] bytes) {
        return new String(bytes, ISO_8859_1).contains("\n\r\n");
    }

    private static String read(byte[] bytes, Decoder decoder, IntUnaryOperator pieces) {
        ByteBuf in = Unpooled.buffer();
        int given = 0;
        try {
            while (true) {
                int count = Math.max(1, pieces.applyAsInt(bytes.length - given));
                count = Math.min(count, bytes.length - given);
                in.writeBytes(bytes, given, count);
                given += count;
                String head = decoder.decodeHead(in);
                if (head != null) {
                    return head + "; ends at " + (given - in.readableBytes());
                }
                if (given == bytes.length) {
                    return "unfinished";
                }
            }
        } catch (RefusedException refused) {
            Refusal reason = Refusal.ofRequest(refused);
            return "refused: " + (reason == Refusal.MALFORMED_REQUEST ? refused.getMessage() : reason);
        } catch (Exception refused) {
            return "refused: " + refused.getMessage();
        }
    }

    private static @Nullable String shown(@Nullable ResponseHead head) {
        return head == null
                ? null
                : head.protocolVersion() + " " + head.status() + shown(head.fields()) + "; body " + head.bodyLength()
                        + (head.beginsTunnel() ? ", a tunnel" : "");
    }

    private static @Nullable String shown(@Nullable Exchange exchange) {
        return exchange == null
                ? null
                : exchange.method() + " " + exchange.uri() + " " + exchange.protocolVersion() + shown(exchange.fields())
                        + "; to " + exchange.host() + " " + exchange.target() + ", body " + exchange.bodyLength() + ", "
                        + exchange.upgrade();
    }

    private static String shown(HeaderFields fields) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < fields.size(); i++) {
            byte[] line = new byte[fields.lineLength(i)];
            fields.copyLine(i, line, 0);
            String written = new String(line, ISO_8859_1);
            String asked = fields.name(i) + ": " + fields.value(i) + "\r\n";
            if (!written.equals(asked)) {
                throw new AssertionError("written as \"" + written + "\", and asked for it is \"" + asked + "\"");
            }
            text.append(", ").append(fields.kind(i)).append(' ').append(asked.trim());
        }
        return text.toString();
    }

    /** Null: more bytes are needed. */
    private interface Decoder {
        @Nullable
        String decodeHead(ByteBuf in) throws Exception;
    }
}
