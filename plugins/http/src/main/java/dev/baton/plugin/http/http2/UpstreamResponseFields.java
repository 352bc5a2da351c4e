package dev.baton.plugin.http.http2;

import org.jspecify.annotations.Nullable;

/** The fields of one response's head or trailers, as a server sends them. */
final class UpstreamResponseFields extends MessageFields {
    private static final int DIGITS = 3;
    private static final int LEAST = 100;

    private @Nullable CharSequence status;
    private boolean ofRequest;

    @Override
    void addPseudo(CharSequence name, CharSequence value) {
        if (PseudoHeaderName.STATUS.value().contentEquals(name)) {
            status = once(status, value);
        } else if (PseudoHeaderName.isPseudoHeader(name)) {
            ofRequest = true; // of a push, which is refused as such
        } else {
            throw new IllegalArgumentException("an unknown pseudo-field");
        }
    }

    /** For Netty's decoder, which tells a head before the response from others by it. */
    @Override
    public @Nullable CharSequence status() {
        return status;
    }

    /**
     * The status as a number.
     *
     * @throws MalformedException if it has none that can be passed on
     */
    int code() {
        CharSequence digits = status;
        if (ofRequest) {
            throw new MalformedException("a pseudo-field of requests");
        }
        if (digits == null || digits.length() != DIGITS) {
            throw new MalformedException("no status of three digits");
        }
        int code = 0;
        for (int i = 0; i < DIGITS; i++) {
            int digit = digits.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                throw new MalformedException("a status that is no number");
            }
            code = 10 * code + digit;
        }
        if (code < LEAST) {
            throw new MalformedException("a status below " + LEAST);
        }
        return code;
    }
}
