package dev.baton.runtime.fd;

/**
 * The bits of a claim word: everything that is shared about one fd, in one {@code long}.
 *
 * <pre>
 *  63            32   31         30     29        16 15        0
 * +----------------+----------+------+--------------+-----------+
 * |   generation   | ORPHANED | LIVE |    owner     |  running  |
 * +----------------+----------+------+--------------+-----------+
 *
 * LIVE      the fd is registered
 * ORPHANED  fdDelete was called, a thread still runs or finalizes; excludes LIVE
 * neither   FREE
 * owner     loop id 0..16381, or NONE, or SHARED
 * running   how many hold a claim
 *
 * #  state                      operation              guard                          new state              who closes
 * 1  FREE g                     insert                                                LIVE g, owner, 1       -
 * 2  LIVE g                     enter by L             owner L, or SHARED and L in    running+1              -
 *                                                      the fd's loops
 * 3  LIVE g, other owner        enter                                                 refused NOT_OWNER      -
 * 4  other g, FREE, ORPHANED    enter                                                 refused STALE          -
 * 5  LIVE >=1, ORPHANED >=2     leave                  holds a claim                  running-1              -
 * 6  ORPHANED 1                 leave                  holds a claim                  ORPHANED 0             this leave
 * 7  LIVE g 0                   takeover by L          not SHARED, owner not L, and   LIVE g, owner L, 1     -
 *                                                      the victim where one is named
 * 8  >=1, SHARED, ORPHANED, g'  takeover                                              refused BUSY, GONE     -
 * 9  LIVE g 0                   fdDelete                                              ORPHANED 0             the caller
 * 10 LIVE g >=1                 fdDelete                                              ORPHANED, same running the last leave
 * 11 LIVE g >=1                 fdDeleteAndLeave       holds a claim                  ORPHANED, running-1    the caller if it
 *                                                                                                            was 1, else the
 *                                                                                                            last leave
 * 12 ORPHANED, FREE, other g    fdDelete                                              false                  -
 * 13 ORPHANED 0                 finalize               exclusive by construction      FREE g+1, then close   the one of
 *                                                                                                            6, 9, 11
 * </pre>
 *
 * An owned fd has running 0 or 1: only the owner's thread enters, a takeover needs 0, and a holder does not enter
 * twice.
 */
final class ClaimWord {
    /** Owner of an fd that no loop dispatches. */
    static final int NONE = 0x3FFE;
    /** Owner of an fd that a set of loops dispatches. */
    static final int SHARED = 0x3FFF;
    /** The highest id that a loop can have. */
    static final int MAX_LOOP = 0x3FFD;

    static final long RUNNING_ONE = 1L;
    private static final long RUNNING_MASK = 0xFFFFL;
    private static final int OWNER_SHIFT = 16;
    private static final long OWNER_MASK = 0x3FFFL << OWNER_SHIFT;
    private static final long LIVE = 1L << 30;
    private static final long ORPHANED = 1L << 31;
    private static final long FLAGS = LIVE | ORPHANED;
    private static final int GENERATION_SHIFT = 32;

    private ClaimWord() {}

    static int generation(long word) {
        return (int) (word >>> GENERATION_SHIFT);
    }

    static int running(long word) {
        return (int) (word & RUNNING_MASK);
    }

    static int owner(long word) {
        return (int) ((word & OWNER_MASK) >>> OWNER_SHIFT);
    }

    static boolean isLive(long word) {
        return (word & LIVE) != 0;
    }

    static boolean isOrphaned(long word) {
        return (word & ORPHANED) != 0;
    }

    static boolean isFree(long word) {
        return (word & FLAGS) == 0;
    }

    /** LIVE and of this generation: what enter, takeover and fdDelete ask first. */
    static boolean isLive(long word, int generation) {
        return (word & LIVE) != 0 && (int) (word >>> GENERATION_SHIFT) == generation;
    }

    /** Row 1. */
    static long inserted(long free, int owner) {
        assert isFree(free);
        return (free & (-1L << GENERATION_SHIFT)) | LIVE | ((long) owner << OWNER_SHIFT) | RUNNING_ONE;
    }

    /** Row 7. */
    static long taken(long word, int thief) {
        assert isLive(word) && running(word) == 0;
        return (word & ~OWNER_MASK) | ((long) thief << OWNER_SHIFT) | RUNNING_ONE;
    }

    /** Rows 9 and 10. */
    static long orphaned(long word) {
        assert isLive(word);
        return (word & ~LIVE) | ORPHANED;
    }

    /** Row 13. */
    static long freed(long word) {
        assert isOrphaned(word) && running(word) == 0;
        return (long) (generation(word) + 1) << GENERATION_SHIFT;
    }

    static String describe(long word) {
        int owner = owner(word);
        String state = isLive(word) ? "LIVE" : isOrphaned(word) ? "ORPHANED" : "FREE";
        return state + " generation " + Integer.toUnsignedString(generation(word)) + " owner "
                + (owner == SHARED ? "shared" : owner == NONE ? "none" : Integer.toString(owner)) + " running "
                + running(word);
    }
}
