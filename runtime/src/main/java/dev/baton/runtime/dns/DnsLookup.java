package dev.baton.runtime.dns;

import dev.baton.runtime.loop.Timer;
import dev.baton.runtime.upstream.HostLookup;
import dev.baton.runtime.upstream.SrvRecord;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.metrics.Metrics.Counter;
import dev.baton.spi.threading.AnyThread;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.SocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks names up in the order in which the machine does, so that the TTL of an answer is known: the hosts file, then
 * the name servers of {@code resolv.conf}, and last the system's resolver, which knows whatever else
 * {@code nsswitch.conf} names but does not tell a TTL. Where {@code nsswitch.conf} has no DNS, the system's resolver
 * alone.
 *
 * <p>Files are read on a thread that may block, DNS runs on a loop. A blocked loop delays a lookup by no more than
 * {@link #LIMIT}: the system's resolver is asked then.
 */
@AnyThread
public final class DnsLookup implements HostLookup {
    private static final Logger LOG = LoggerFactory.getLogger(DnsLookup.class);

    /** Seconds after which no answer of a name server is waited for: three silent ones, asked twice. */
    static final Duration LIMIT = Duration.ofSeconds(30);

    /** Threads that read files and pass replies on. */
    private static final int THREADS_MAX = 4;

    private final SystemFiles files;
    private final List<InetSocketAddress> servers;
    private final DnsClient client;
    private final HostLookup system;
    private final Executor threads;
    private final Timer timer;
    private final Counter byHosts;
    private final Counter byDns;
    private final Counter bySystem;
    private final Counter failures;

    /**
     * What DNS runs on.
     *
     * @param loop one that no connection of a client can block
     * @param datagrams makes channels for it
     * @param streams makes channels for it
     */
    public record Transport(
            EventLoop loop,
            ChannelFactory<? extends DatagramChannel> datagrams,
            ChannelFactory<? extends SocketChannel> streams) {}

    /**
     * Asks nothing yet.
     *
     * @param folder where {@code nsswitch.conf}, {@code resolv.conf} and {@code hosts} are
     * @param servers name servers in place of those of {@code resolv.conf}; none takes those
     * @param transport what DNS runs on
     * @param system the system's resolver
     * @param worker threads that may block
     * @param timer runs tasks on no loop
     * @param metrics where lookups are counted
     */
    public DnsLookup(
            Path folder,
            List<InetSocketAddress> servers,
            Transport transport,
            HostLookup system,
            Executor worker,
            Timer timer,
            Metrics metrics) {
        this.files = new SystemFiles(folder);
        this.servers = List.copyOf(servers);
        this.client = new DnsClient(transport.loop, transport.datagrams, transport.streams);
        this.system = system;
        this.threads = new FewThreads(worker, THREADS_MAX);
        this.timer = timer;
        this.byHosts = counter(metrics, "hosts");
        this.byDns = counter(metrics, "dns");
        this.bySystem = counter(metrics, "system");
        this.failures = counter(metrics, "nowhere");
    }

    private static Counter counter(Metrics metrics, String where) {
        return metrics.counter(
                "baton_name_lookups_total", "Lookups of servers' names, by where the name was found.", "found", where);
    }

    @Override
    public void lookUp(String host, Reply reply) {
        threads.execute(() -> begin(host, reply));
    }

    private void begin(String host, Reply reply) {
        Asked asked = new Asked(host, reply);
        try {
            NameSources sources = files.sources();
            if (!sources.dnsFor(host, !servers.isEmpty())) {
                system.lookUp(host, new Last(reply, "", false));
                return;
            }
            List<InetAddress> known = sources.files() ? files.hosts(host) : List.of();
            if (!known.isEmpty()) {
                byHosts.increment();
                reply.found(known);
                return;
            }
            ResolvConf conf = files.resolvConf();
            timer.after(LIMIT, () -> asked.failed("no answer of DNS in " + LIMIT.toSeconds() + " s", false));
            client.lookUp(host, servers.isEmpty() ? conf : conf.with(servers), asked);
        } catch (RejectedExecutionException ended) { // the loop, or the process
            asked.failed("DNS has ended", false);
        } catch (RuntimeException e) {
            LOG.warn("name {}: DNS cannot be asked", host, e);
            asked.failed("DNS cannot be asked: " + e, false);
        }
    }

    @Override
    public void lookUpService(String name, ServiceReply reply) {
        threads.execute(() -> beginService(name, reply));
    }

    /** Only DNS has services, whatever {@code nsswitch.conf} says of hosts. */
    private void beginService(String name, ServiceReply reply) {
        AskedService asked = new AskedService(name, reply);
        try {
            ResolvConf conf = files.resolvConf();
            timer.after(LIMIT, () -> asked.failed("no answer of DNS in " + LIMIT.toSeconds() + " s", false));
            client.lookUpService(name, servers.isEmpty() ? conf : conf.with(servers), asked);
        } catch (RejectedExecutionException ended) { // the loop, or the process
            asked.failed("DNS has ended", false);
        } catch (RuntimeException e) {
            LOG.warn("name {}: DNS cannot be asked", name, e);
            asked.failed("DNS cannot be asked: " + e, false);
        }
    }

    /** Waits for an answer, which comes on the loop, and passes it on elsewhere. */
    private abstract class Elsewhere {
        final String name;
        private final AtomicBoolean told = new AtomicBoolean();

        Elsewhere(String name) {
            this.name = name;
        }

        final void elsewhere(Runnable task) {
            if (told.compareAndSet(false, true)) {
                try {
                    threads.execute(task);
                } catch (RejectedExecutionException ended) {
                    LOG.debug("name {}: its answer comes after the end", name);
                }
            }
        }
    }

    /** Waits for the servers of a service. */
    private final class AskedService extends Elsewhere implements ServiceReply {
        private final ServiceReply reply;

        AskedService(String name, ServiceReply reply) {
            super(name);
            this.reply = reply;
        }

        @Override
        public void found(List<SrvRecord> found, Map<String, Enclosed> hosts, Duration valid) {
            elsewhere(() -> {
                byDns.increment();
                reply.found(found, hosts, valid);
            });
        }

        @Override
        public void failed(String why, boolean noSuchName) {
            elsewhere(() -> {
                failures.increment();
                reply.failed(why, noSuchName);
            });
        }
    }

    /** Waits for the addresses of a host; if DNS has none, the system is asked. */
    private final class Asked extends Elsewhere implements Reply {
        private final Reply reply;

        Asked(String host, Reply reply) {
            super(host);
            this.reply = reply;
        }

        @Override
        public void found(List<InetAddress> addresses, Duration valid) {
            elsewhere(() -> {
                byDns.increment();
                reply.found(addresses, valid);
            });
        }

        @Override
        public void failed(String why, boolean noSuchName) {
            elsewhere(() -> system.lookUp(name, new Last(reply, why + "; ", noSuchName)));
        }
    }

    /** Waits for the system's resolver, which is asked last. */
    private final class Last implements Reply {
        private final Reply reply;
        private final String before;
        private final boolean unknownToDns;

        Last(Reply reply, String before, boolean unknownToDns) {
            this.reply = reply;
            this.before = before;
            this.unknownToDns = unknownToDns;
        }

        @Override
        public void found(List<InetAddress> addresses, Duration valid) {
            bySystem.increment();
            reply.found(addresses, valid);
        }

        @Override
        public void failed(String why, boolean noSuchName) {
            failures.increment();
            reply.failed(before + why, noSuchName || unknownToDns);
        }
    }
}
