package dev.baton.runtime.channel;

import java.net.SocketAddress;

/** A connection over a unix socket that stays with its loop. */
public final class PinnedUnixChannel extends PinnedStreamChannel {

    /** A connection to be opened. */
    public PinnedUnixChannel(ChannelEnv env) {
        super(env);
    }

    PinnedUnixChannel(FdUnixServerChannel parent, ChannelEnv env, int number, SocketAddress peer, boolean admitted) {
        super(parent, env, number, peer, admitted);
    }
}
