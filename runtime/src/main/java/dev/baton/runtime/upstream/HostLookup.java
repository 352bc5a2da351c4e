package dev.baton.runtime.upstream;

import dev.baton.spi.threading.AnyThread;
import java.net.InetAddress;
import java.util.List;

/** Asks for the addresses of a host name. Does not block; remembers nothing. */
@FunctionalInterface
public interface HostLookup {

    /** Is told the outcome of one lookup, once, on any thread. */
    interface Reply {
        /** The name has these addresses, IPv4 or IPv6; at least one. */
        @AnyThread
        void found(List<InetAddress> addresses);

        /**
         * There is no answer that could be used.
         *
         * @param why what the resolver said
         * @param noSuchName whether the answer is that the name does not exist or has no address; else nothing is known of it, as
         *     when a name server is silent
         */
        @AnyThread
        void failed(String why, boolean noSuchName);
    }

    /** Asks. A reply may come before this returns. */
    @AnyThread
    void lookUp(String host, Reply reply);
}
