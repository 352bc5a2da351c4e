package dev.baton.runtime.upstream;

import dev.baton.spi.threading.AnyThread;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Asks for the addresses of a host name, and for the servers of a service. Does not block; remembers nothing. */
@FunctionalInterface
public interface HostLookup {
    /**
     * Between two lookups where nothing tells how long an answer is valid: the system's resolver, the hosts file, a
     * failure.
     */
    Duration REFRESH = Duration.ofSeconds(5);

    /** Is told the outcome of one lookup, once, on any thread. */
    interface Reply {
        /**
         * The name has these addresses, IPv4 or IPv6; at least one.
         *
         * @param valid how long the answer may be used; the name is asked for again then
         */
        @AnyThread
        void found(List<InetAddress> addresses, Duration valid);

        /** The same, from a source that does not tell how long it is valid. */
        @AnyThread
        default void found(List<InetAddress> addresses) {
            found(addresses, REFRESH);
        }

        /**
         * There is no answer that could be used.
         *
         * @param why what the resolver said
         * @param noSuchName whether the answer is that the name does not exist or has no address; else nothing is known
         *     of it, as when a name server is silent
         */
        @AnyThread
        void failed(String why, boolean noSuchName);
    }

    /**
     * Addresses that have come with the answer for another name.
     *
     * @param addresses at least one
     * @param valid how long they may be used
     */
    record Enclosed(List<InetAddress> addresses, Duration valid) {}

    /** Is told the outcome of one lookup of a service, once, on any thread. */
    interface ServiceReply {
        /**
         * The service has these servers; none if it is not offered.
         *
         * @param hosts addresses that came with the answer, by {@linkplain SrvRecord#target target}
         * @param valid how long the answer may be used
         */
        @AnyThread
        void found(List<SrvRecord> servers, Map<String, Enclosed> hosts, Duration valid);

        /** As {@link Reply#failed}. */
        @AnyThread
        void failed(String why, boolean noSuchName);
    }

    /** Asks. A reply may come before this returns. */
    @AnyThread
    void lookUp(String host, Reply reply);

    /** Asks for the records of type SRV of a name, which only DNS has. A reply may come before this returns. */
    @AnyThread
    default void lookUpService(String name, ServiceReply reply) {
        reply.failed("there is no DNS here", false);
    }
}
