package dev.baton.embed;

import dev.baton.runtime.channel.FdDatagramChannel;

/** A socket for datagrams on one of Baton's loops. */
public final class BatonDatagramChannel extends FdDatagramChannel {
    /** Lives with the loops with which it is registered. */
    public BatonDatagramChannel() {}
}
