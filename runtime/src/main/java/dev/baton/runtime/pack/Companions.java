package dev.baton.runtime.pack;

import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.runtime.pack.PackedCompanion.Place;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OnLoop;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The upstream connections that go along with those of clients. */
public interface Companions {
    /** There are none. */
    Companions NONE = new Companions() {
        @Override
        public @Nullable Place placeOf(MovableChannel connection) {
            return null;
        }

        @Override
        public boolean has(Place place) {
            return false;
        }

        @Override
        public MovableStreamChannel unpack(PackedCompanion companion, BatonLoop loop) throws IOException {
            throw new IOException("there are no upstreams here");
        }
    };

    /** Where a connection belongs; null if it cannot go to another process. Under a claim on it. */
    @OnLoop
    @Nullable
    Place placeOf(MovableChannel connection);

    /** Whether there is such a place here. */
    @AnyThread
    boolean has(Place place);

    /**
     * Makes a connection in use of another process one of these, set up by its initializer and registered with the loop
     * whose thread is calling, which holds a claim on it then and must leave.
     *
     * @throws IOException if there is no such place, or it is not connected any more; the number is still the caller's
     */
    @OnLoop
    MovableStreamChannel unpack(PackedCompanion companion, BatonLoop loop) throws IOException;
}
