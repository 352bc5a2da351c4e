package dev.baton.embed;

import dev.baton.runtime.channel.MovableUnixChannel;

/** A connection over a unix socket that is to be opened, on Baton's loops; any of them may take it over. */
public final class BatonDomainSocketChannel extends MovableUnixChannel {
    /** Lives with the loops with which it is registered. */
    public BatonDomainSocketChannel() {}
}
