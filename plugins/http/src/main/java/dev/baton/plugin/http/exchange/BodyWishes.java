package dev.baton.plugin.http.exchange;

import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpBodyUse.Kind;

/** Which filters of a route are called for one exchange, and with which bodies. */
final class BodyWishes {
    private final FilterUses uses;

    /** By filter: not called again, except for the end. */
    private long off;
    /** By filter: does not want the body of the request. */
    private long withoutRequest;
    /** By filter: does not want the body of the response. */
    private long withoutResponse;
    /** The filter that saw the head of the response first: those above it see nothing of the response. */
    private int top = -1;

    BodyWishes(FilterUses uses) {
        this.uses = uses;
    }

    /** A filter is not called again, except for the end. */
    void turnOff(int i) {
        off |= 1L << i;
    }

    /** A filter does not want the body of the request, or of the response, after all. */
    void skip(int i, boolean ofRequest) {
        if (ofRequest) {
            withoutRequest |= 1L << i;
        } else {
            withoutResponse |= 1L << i;
        }
    }

    /** No filter sees more of any body. */
    void skipAll() {
        withoutRequest = -1;
        withoutResponse = -1;
    }

    /** Another response begins, at the filter of an index. */
    void beginResponse(int from) {
        top = from;
        withoutResponse = 0;
    }

    /** The filter at which the response began. */
    int top() {
        return top;
    }

    boolean isOff(int i) {
        return (off & 1L << i) != 0;
    }

    boolean wants(int i, boolean ofRequest) {
        long without = off | (ofRequest ? withoutRequest : withoutResponse);
        if ((without & 1L << i) != 0) {
            return false;
        }
        return uses.use(i, ofRequest).kind() != Kind.NONE;
    }

    boolean any(boolean ofRequest) {
        for (int i = last(ofRequest); i >= 0; i--) {
            if (wants(i, ofRequest)) {
                return true;
            }
        }
        return false;
    }

    boolean anyTransform(boolean ofRequest) {
        for (int i = last(ofRequest); i >= 0; i--) {
            if (wants(i, ofRequest) && uses.use(i, ofRequest).kind() == Kind.TRANSFORM) {
                return true;
            }
        }
        return false;
    }

    /** The least that a filter takes whole, in bytes; 0 if none asks for that. */
    long wholeLimit(boolean ofRequest) {
        long least = 0;
        for (int i = last(ofRequest); i >= 0; i--) {
            if (wants(i, ofRequest)) {
                HttpBodyUse use = uses.use(i, ofRequest);
                if (use.kind() == Kind.WHOLE && (least == 0 || use.limitBytes() < least)) {
                    least = use.limitBytes();
                }
            }
        }
        return least;
    }

    private int last(boolean ofRequest) {
        return ofRequest ? uses.count() - 1 : top;
    }
}
