package dev.baton.runtime.upstream;

import dev.baton.spi.threading.AnyThread;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/** Where the listeners of this process really listen: for servers that are written {@code listener:NAME}. */
@FunctionalInterface
public interface ListenerAddresses {

    /** The address that a listener is bound to now; null if it is not bound. */
    @AnyThread
    @Nullable
    SocketAddress addressOf(String listener);
}
