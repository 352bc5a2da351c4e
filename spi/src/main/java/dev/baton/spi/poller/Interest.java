package dev.baton.spi.poller;

/** Bits of what is asked of a poller and of what it reports. */
public final class Interest {
    /** Asked: tell when there is something to read or to accept. Reported: there is, or the peer has closed. */
    public static final int IN = 1;
    /** Asked: tell when there is room to write. Reported: there is, or a connect has ended. */
    public static final int OUT = 2;
    /**
     * Asked: tell when the peer has shut its sending side down, not when it has sent something; IN asks this, too.
     * Reported: it has; what it sent before is still to be read.
     */
    public static final int RDHUP = 4;
    /**
     * Asked: tell an error or a full hang-up; whatever else is asked asks this, too. Reported: there was one; comes
     * together with at least those of IN and OUT that were asked.
     */
    public static final int ERROR = 8;
    /** Asked only: of the loops that poll this fd, waking one is enough. For listeners; a poller may ignore it. */
    public static final int EXCLUSIVE = 16;

    private Interest() {}
}
