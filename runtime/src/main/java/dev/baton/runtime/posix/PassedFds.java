package dev.baton.runtime.posix;

import java.util.Arrays;

/** The fds that came with one message over a unix socket; reusable, for one thread at a time. */
public final class PassedFds {
    /** How many fds one message can carry (the kernel's SCM_MAX_FD). */
    public static final int COUNT_MAX = 253;

    private int[] fds = {};
    private boolean truncated;

    /** Makes an empty one. */
    public PassedFds() {}

    /**
     * Tells the fds; each is the receiver's to close.
     *
     * @return the fds in the order in which they were sent; a copy
     */
    public int[] fds() {
        return fds.clone();
    }

    /**
     * Tells whether fds were lost: the kernel had no room for them, usually because this process is at its limit of
     * open files.
     *
     * @return whether fewer arrived than were sent
     */
    public boolean truncated() {
        return truncated;
    }

    /**
     * Replaces the contents; for implementations of {@link Posix#recvFds}.
     *
     * @param received the fds
     * @param lost whether some were lost
     */
    public void set(int[] received, boolean lost) {
        this.fds = received.clone();
        this.truncated = lost;
    }

    @Override
    public String toString() {
        return "PassedFds" + Arrays.toString(fds) + (truncated ? " truncated" : "");
    }
}
