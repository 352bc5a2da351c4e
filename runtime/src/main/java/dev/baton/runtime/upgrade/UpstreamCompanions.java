package dev.baton.runtime.upgrade;

import dev.baton.runtime.channel.ChannelEnv;
import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.pack.Companions;
import dev.baton.runtime.pack.PackedCompanion;
import dev.baton.runtime.pack.PackedCompanion.Place;
import dev.baton.runtime.upstream.Upstreams;
import dev.baton.spi.channel.MovableChannel;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The upstream connections of this process, which go along with those of their clients. */
public final class UpstreamCompanions implements Companions {
    private final Upstreams upstreams;
    private final ChannelEnv channels;

    public UpstreamCompanions(Upstreams upstreams, ChannelEnv channels) {
        this.upstreams = upstreams;
        this.channels = channels;
    }

    @Override
    public @Nullable Place placeOf(MovableChannel connection) {
        return Upstreams.placeOf(connection);
    }

    @Override
    public boolean has(Place place, int reload) {
        return upstreams.has(place, reload);
    }

    @Override
    public Runnable hold(Place place) {
        return upstreams.hold(place);
    }

    @Override
    public MovableStreamChannel unpack(PackedCompanion companion, BatonLoop loop, int reload) throws IOException {
        return upstreams.unpack(
                companion,
                companion.socket().peer(channels.posix()),
                loop,
                (plugin, on, number, peer) -> MovableStreamChannel.inherited(channels, plugin, on, number, peer),
                reload);
    }
}
