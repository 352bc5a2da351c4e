package dev.baton.embed;

import dev.baton.runtime.channel.MovableSocketChannel;

/** A connection over TCP that is to be opened, on Baton's loops; any of them may take it over. */
public final class BatonSocketChannel extends MovableSocketChannel {
    /** Lives with the loops with which it is registered. */
    public BatonSocketChannel() {}
}
