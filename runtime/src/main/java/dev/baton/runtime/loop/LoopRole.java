package dev.baton.runtime.loop;

/**
 * What a loop is there for, from its first moment to its last.
 *
 * @param kind which kind of loop it is
 * @param service the service whose connections a loop of a lane serves; empty for the others
 * @param nice how much the kernel prefers other threads to its thread, 0 to 19, as {@code nice(1)} says
 */
public record LoopRole(Kind kind, String service, int nice) {
    /** Serves every service. */
    public static final LoopRole ORDINARY = new LoopRole(Kind.ORDINARY, "", 0);
    /** Serves every service, while others are blocked. */
    public static final LoopRole SPARE = new LoopRole(Kind.SPARE, "", 0);

    /** Kinds of loops. */
    public enum Kind {
        /** One of those that the configuration asks for, or that an operator has added. */
        ORDINARY,
        /** It serves only while others are blocked. */
        SPARE,
        /** It serves one service, while that takes more than its share. */
        LANE
    }

    /** A loop of a service's own. */
    public static LoopRole lane(String service, int nice) {
        return new LoopRole(Kind.LANE, service, nice);
    }
}
