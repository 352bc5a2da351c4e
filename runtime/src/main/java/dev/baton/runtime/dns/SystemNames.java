package dev.baton.runtime.dns;

import dev.baton.runtime.upstream.HostLookup;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.Security;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * Finds names as every other program of the machine does: hosts file, DNS with the search list, a cache of the
 * machine's, whatever {@code nsswitch.conf} says. The system's resolver does not tell how long an answer is valid.
 *
 * <p>The system's resolver blocks, for as long as {@code resolv.conf} says where no name server answers. So each lookup
 * has a thread; as a name is looked up once at a time, a silent one has one thread and holds up no other, as long as no
 * more than {@value #LOOKUPS_MAX} are silent.
 */
public final class SystemNames implements HostLookup {
    /** Threads that look names up; more names wait for their turn. */
    static final int LOOKUPS_MAX = 64;

    /**
     * The JDK remembers names for 30 s, and unknown ones for 10 s, whatever their answers say. A second is enough for
     * code of plugins that looks names up on its own, and an administrator's own setting of the first is kept.
     */
    private static final String JDK_CACHE_SECONDS = "1";

    /**
     * What C libraries say where a name does not exist, or has no address; in other languages that is like any other
     * failure.
     */
    private static final List<String> NO_SUCH_NAME = List.of(
            "Name or service not known", "No address associated with hostname", "Name does not resolve", "Name has no");

    private final Executor threads;

    /**
     * Asks nothing yet.
     *
     * @param worker threads that may block
     */
    public SystemNames(Executor worker) {
        this.threads = new FewThreads(worker, LOOKUPS_MAX);
        if (Security.getProperty("networkaddress.cache.ttl") == null) {
            Security.setProperty("networkaddress.cache.ttl", JDK_CACHE_SECONDS);
        }
        Security.setProperty("networkaddress.cache.negative.ttl", JDK_CACHE_SECONDS);
    }

    @Override
    public void lookUp(String host, Reply reply) {
        threads.execute(() -> ask(host, reply));
    }

    private static void ask(String host, Reply reply) {
        try {
            reply.found(List.of(InetAddress.getAllByName(host)));
        } catch (UnknownHostException e) {
            String why = String.valueOf(e.getMessage());
            reply.failed(why, NO_SUCH_NAME.stream().anyMatch(why::contains));
        }
    }
}
