package dev.baton.runtime.launcher.rehearsal;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How clients behave.
 *
 * @param path of every request
 * @param host what they say in {@code Host}, and ask for by name in a TLS handshake; null for the address
 * @param pause between an answer and the client's next request; zero for none
 * @param patience how long a client waits for an answer
 */
public record Manners(String path, @Nullable String host, Duration pause, Duration patience) {
    /** The same, at least so patient. */
    Manners patient(Duration atLeast) {
        return patience.compareTo(atLeast) >= 0 ? this : new Manners(path, host, pause, atLeast);
    }

    /** The same without a pause: as many requests as the process can take. */
    Manners greedy() {
        return new Manners(path, host, Duration.ZERO, patience);
    }
}
