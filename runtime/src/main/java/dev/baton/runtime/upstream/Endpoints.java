package dev.baton.runtime.upstream;

import java.net.SocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The addresses of one server at one time; the same object as long as they are the same.
 *
 * @param current those to connect to; empty if the name is not known (yet)
 * @param held those that were missing in the last answer: their connections are not let go of yet
 */
record Endpoints(List<Endpoint> current, List<Endpoint> held) {
    static final Endpoints NONE = new Endpoints(List.of(), List.of());

    /** The one of an address, current or held; null if there is none. */
    @Nullable
    Endpoint at(SocketAddress address) {
        for (Endpoint each : current) {
            if (each.address().equals(address)) {
                return each;
            }
        }
        for (Endpoint each : held) {
            if (each.address().equals(address)) {
                return each;
            }
        }
        return null;
    }
}
