package dev.baton.spi.listener;

import java.util.Optional;
import java.util.OptionalInt;

/**
 * What the configuration says of a listener's socket besides its address.
 *
 * @param perLoop each loop has a socket of its own on the address ({@code SO_REUSEPORT}), in place of one for all of
 *     them
 * @param mode permissions of the socket's file, such as 0660
 * @param user owner of the socket's file, a name or a number
 * @param group group of the socket's file, a name or a number
 */
public record SocketSettings(boolean perLoop, OptionalInt mode, Optional<String> user, Optional<String> group) {
    /** One socket, nothing said of a file. */
    public static final SocketSettings DEFAULT =
            new SocketSettings(false, OptionalInt.empty(), Optional.empty(), Optional.empty());

    /** True if something is said that only a socket with a file can have. */
    public boolean describesFile() {
        return mode.isPresent() || user.isPresent() || group.isPresent();
    }
}
