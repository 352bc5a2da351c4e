package dev.baton.runtime.listener;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.threading.OffLoop;

/**
 * Is told of each listening socket that this process has made, or got from a process that had made it, and when an
 * operator changes something about listeners, or one has ended.
 */
public interface SocketWatch {
    /** Nobody. */
    SocketWatch NONE = new SocketWatch() {
        @Override
        public void opened(String listener, Fd fd) {
            // Nobody.
        }

        @Override
        public void closing(Fd fd) {
            // Nobody.
        }

        @Override
        public void changed() {
            // Nobody.
        }
    };

    /** A listener has one more socket. The caller holds a claim on it: its number stays what it is during the call. */
    @OffLoop
    void opened(String listener, Fd fd);

    /** A socket is about to be deleted. Must neither wait nor throw; may be told more than once. */
    @AnyThread
    void closing(Fd fd);

    /** An operator has changed something about a listener, or it has ended. Must neither wait nor throw. */
    @AnyThread
    void changed();
}
