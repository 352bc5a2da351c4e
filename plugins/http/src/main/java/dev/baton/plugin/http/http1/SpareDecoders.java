package dev.baton.plugin.http.http1;

import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.util.concurrent.FastThreadLocal;
import org.jspecify.annotations.Nullable;

/**
 * Request decoders that no connection needs now. A decoder with its buffers is a fifth of what an idle connection would
 * cost, and only one that has sent a part of a head needs one: a whole head is decoded in one call. So each loop keeps
 * a few, and a connection takes one for its next head and gives it back as soon as it has that head.
 *
 * <p>A decoder belongs to the connection that took it. A connection that is taken over in the middle of a head brings
 * its own along, under its claim, and gives it to the loop that it is on then; nothing here is ever seen by two
 * threads.
 */
final class SpareDecoders {
    /** Spare ones a loop: heads that come in pieces at the same time beyond these make new ones. */
    private static final int SPARE_MAX = 16;

    private final HttpDecoderConfig config;

    private final FastThreadLocal<Stack> ofThread = new FastThreadLocal<>() {
        @Override
        protected Stack initialValue() {
            return new Stack();
        }
    };

    /** What the decoders refuse. */
    SpareDecoders(HttpDecoderConfig config) {
        this.config = config;
    }

    /** One that stands before a head. */
    RequestDecoder take() {
        RequestDecoder spare = ofThread.get().pop();
        return spare == null ? new RequestDecoder(config) : spare;
    }

    /** Takes back one that stands before a head again and is not used. */
    void giveBack(RequestDecoder decoder) {
        if (!ofThread.get().push(decoder)) {
            decoder.discard();
        }
    }

    private static final class Stack {
        private final @Nullable RequestDecoder[] spare = new RequestDecoder[SPARE_MAX];
        private int count;

        @Nullable
        RequestDecoder pop() {
            if (count == 0) {
                return null;
            }
            RequestDecoder last = spare[--count];
            spare[count] = null;
            return last;
        }

        boolean push(RequestDecoder decoder) {
            if (count == SPARE_MAX) {
                return false;
            }
            spare[count++] = decoder;
            return true;
        }
    }
}
