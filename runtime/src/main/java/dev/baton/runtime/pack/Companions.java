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
        public boolean has(Place place, int reload) {
            return false;
        }

        @Override
        public Runnable hold(Place place) {
            return () -> {};
        }

        @Override
        public MovableStreamChannel unpack(PackedCompanion companion, BatonLoop loop, int reload) throws IOException {
            throw new IOException("there are no upstreams here");
        }
    };

    /** Where a connection belongs; null if it cannot go to another process. Under a claim on it. */
    @OnLoop
    @Nullable
    Place placeOf(MovableChannel connection);

    /**
     * Whether there is such a place here.
     *
     * @param reload the reload in which the service was made that is to use it, or a later one
     */
    @AnyThread
    boolean has(Place place, int reload);

    /**
     * Counts a connection that is about to be packed beside what is open, under {@code max-connections} of its server:
     * nobody gets its place while it is on its way.
     *
     * @return to be run once, when it is somewhere again or has ended
     */
    @AnyThread
    Runnable hold(Place place);

    /**
     * Makes a packed connection in use one of these, set up by its initializer and registered with the loop whose
     * thread is calling, which holds a claim on it then and must leave.
     *
     * @param reload as for {@link #has}
     * @throws IOException if there is no such place, or it is not connected any more; the number is still the caller's
     */
    @OnLoop
    MovableStreamChannel unpack(PackedCompanion companion, BatonLoop loop, int reload) throws IOException;
}
