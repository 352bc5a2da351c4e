package dev.baton.embed;

import dev.baton.runtime.channel.FdUnixServerChannel;

/** A listening unix socket on one of Baton's loops. Any of them may take over what it accepts. */
public final class BatonServerDomainSocketChannel extends FdUnixServerChannel {
    /** Lives with the loops with which it is registered. */
    public BatonServerDomainSocketChannel() {
        super(Accepted.MOVABLE);
    }
}
