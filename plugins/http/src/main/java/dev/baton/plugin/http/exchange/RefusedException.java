package dev.baton.plugin.http.exchange;

/**
 * Carries a refusal out of a decoder. Has no stack trace: a client that sends garbage must not cost more than one that
 * does not.
 */
public final class RefusedException extends RuntimeException {
    private final transient Refusal refusal;

    public RefusedException(Refusal refusal, String detail) {
        super(detail, null, false, false);
        this.refusal = refusal;
    }

    Refusal refusal() {
        return refusal;
    }
}
