package dev.baton.runtime.dns;

import dev.baton.runtime.upstream.HostLookup;
import dev.baton.runtime.upstream.HostLookup.Enclosed;
import dev.baton.runtime.upstream.SrvRecord;
import dev.baton.spi.threading.OffLoop;
import io.netty.channel.AddressedEnvelope;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponse;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.DnsNameResolverChannelStrategy;
import io.netty.resolver.dns.DnsNameResolverTimeoutException;
import io.netty.resolver.dns.NoopDnsCache;
import io.netty.resolver.dns.NoopDnsCnameCache;
import io.netty.resolver.dns.SingletonDnsServerAddressStreamProvider;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Asks name servers for the addresses of a name, or the servers of a service, in the order in which the C library does,
 * which is why it is not left to Netty's resolver: that sends and reads the messages, over TCP where an answer does not
 * fit into a datagram.
 *
 * <pre>
 *   answer                                          then
 *   records                                         found; the other type's are waited for
 *   NXDOMAIN, or none of this type                  if of the other type neither: the next domain of the search list
 *   SERVFAIL, REFUSED and the like                  the next server; if it was the last, the next domain
 *   silence                                         the next server, until all have been asked as often as may be; then failed
 * </pre>
 *
 * <p>A question has a socket of its own, so that its port cannot be guessed. Lookups begin with the server that
 * answered last: one that is dead costs its time once.
 *
 * <p>Threading: what is not said to be different runs on one loop, which it does not block.
 */
final class DnsClient {
    /** Lookups at once, of two sockets each; more wait. */
    static final int LOOKUPS_MAX = 64;

    private final EventLoop loop;
    private final ChannelFactory<? extends DatagramChannel> datagrams;
    private final ChannelFactory<? extends SocketChannel> streams;
    private @Nullable DnsNameResolver resolver;

    private final Queue<Lookup<?>> waiting = new ArrayDeque<>();
    private int running;
    private int turn;
    private @Nullable InetSocketAddress lastToAnswer;

    /**
     * Asks nothing yet. Any thread.
     *
     * @param loop where it runs
     * @param datagrams makes channels for it
     * @param streams makes channels for it
     */
    DnsClient(
            EventLoop loop,
            ChannelFactory<? extends DatagramChannel> datagrams,
            ChannelFactory<? extends SocketChannel> streams) {
        this.loop = loop;
        this.datagrams = datagrams;
        this.streams = streams;
    }

    /** Reads the answer to a question for records of one type. */
    private interface AnswerReader<T> {
        DnsAnswer<T> read(DnsResponse response, String name);
    }

    /** A type that is asked for. */
    private record Kind<T>(DnsRecordType type, AnswerReader<T> reader) {}

    private static final Kind<InetAddress> A = addresses(DnsRecordType.A);
    private static final Kind<InetAddress> AAAA = addresses(DnsRecordType.AAAA);

    private static Kind<InetAddress> addresses(DnsRecordType type) {
        return new Kind<>(type, (response, name) -> DnsAnswer.ofAddresses(response, name, type));
    }

    /** Is told the outcome. */
    private interface Outcome<T> {
        void found(List<T> records, Map<String, Enclosed> hosts, Duration valid);

        void failed(String why, boolean noSuchName);
    }

    /**
     * Looks a name up.
     *
     * @param reply is told on the loop, once
     * @throws java.util.concurrent.RejectedExecutionException if the loop has ended
     */
    @OffLoop
    void lookUp(String name, ResolvConf conf, HostLookup.Reply reply) {
        lookUp(name, conf, conf.ipv6() ? List.of(A, AAAA) : List.of(A), new Outcome<>() {
            @Override
            public void found(List<InetAddress> addresses, Map<String, Enclosed> hosts, Duration valid) {
                reply.found(addresses, valid);
            }

            @Override
            public void failed(String why, boolean noSuchName) {
                reply.failed(why, noSuchName);
            }
        });
    }

    /** The same for the servers of a service. */
    @OffLoop
    void lookUpService(String name, ResolvConf conf, HostLookup.ServiceReply reply) {
        Kind<SrvRecord> kind =
                new Kind<>(DnsRecordType.SRV, (response, asked) -> DnsAnswer.ofServers(response, asked, conf.ipv6()));
        lookUp(name, conf, List.of(kind), new Outcome<>() {
            @Override
            public void found(List<SrvRecord> servers, Map<String, Enclosed> hosts, Duration valid) {
                reply.found(servers, hosts, valid);
            }

            @Override
            public void failed(String why, boolean noSuchName) {
                reply.failed(why, noSuchName);
            }
        });
    }

    private <T> void lookUp(String name, ResolvConf conf, List<Kind<T>> kinds, Outcome<T> outcome) {
        Lookup<T> lookup = new Lookup<>(resolver(conf.timeout()), name, conf, kinds, outcome);
        loop.execute(() -> {
            waiting.add(lookup);
            beginNext();
        });
    }

    /** Made off the loop: its class reads files. */
    private synchronized DnsNameResolver resolver(Duration timeout) {
        DnsNameResolver made = resolver;
        if (made == null || made.queryTimeoutMillis() != timeout.toMillis()) {
            made = new DnsNameResolverBuilder(loop)
                    .datagramChannelFactory(datagrams)
                    .socketChannelFactory(streams)
                    .datagramChannelStrategy(DnsNameResolverChannelStrategy.ChannelPerResolution)
                    .queryTimeoutMillis(timeout.toMillis())
                    .optResourceEnabled(false)
                    .resolveCache(NoopDnsCache.INSTANCE)
                    .cnameCache(NoopDnsCnameCache.INSTANCE)
                    // Never asked, as each question names its server; without one, Netty would look for those of the
                    // system.
                    .nameServerProvider(new SingletonDnsServerAddressStreamProvider(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), 1)))
                    .searchDomains(List.of())
                    .build();
            resolver = made;
        }
        return made;
    }

    private void beginNext() {
        while (running < LOOKUPS_MAX) {
            Lookup<?> next = waiting.poll();
            if (next == null) {
                return;
            }
            running++;
            next.begin();
        }
    }

    private void ended() {
        running--;
        beginNext();
    }

    /** One name. */
    private final class Lookup<T> {
        private final DnsNameResolver resolver;
        private final String name;
        private final ResolvConf conf;
        private final List<Kind<T>> kinds;
        private final Outcome<T> outcome;
        private final Deque<String> candidates;
        private int first;
        private @Nullable String error;

        Lookup(DnsNameResolver resolver, String name, ResolvConf conf, List<Kind<T>> kinds, Outcome<T> outcome) {
            this.resolver = resolver;
            this.name = name;
            this.conf = conf;
            this.kinds = kinds;
            this.outcome = outcome;
            this.candidates = new ArrayDeque<>(conf.candidates(name));
        }

        void begin() {
            int servers = conf.servers().size();
            first = conf.rotate()
                    ? Math.floorMod(turn++, servers)
                    : Math.max(0, lastToAnswer == null ? 0 : conf.servers().indexOf(lastToAnswer));
            next();
        }

        private void next() {
            String candidate = candidates.poll();
            if (candidate == null) {
                String why = error;
                fail(why == null ? name + ": no name server knows it" : why, why == null);
                return;
            }
            List<Question<T>> questions = new ArrayList<>();
            kinds.forEach(kind -> questions.add(new Question<>(this, candidate, kind)));
            // All are there before the first is asked, which may fail at once.
            questions.forEach(each -> each.others = questions);
            questions.forEach(Question::ask);
        }

        /** All questions about one candidate have an answer. */
        private void told(List<Question<T>> questions) {
            List<T> records = new ArrayList<>();
            Map<String, Enclosed> hosts = new HashMap<>();
            Duration valid = null;
            boolean silent = false;
            for (Question<T> each : questions) {
                DnsAnswer<T> answer = each.answer();
                silent |= each.silent;
                Duration until = answer.valid();
                if (answer.error() != null) {
                    error = answer.error();
                    until = HostLookup.REFRESH; // those of one type alone: the other type's may be there again soon
                } else if (answer.records().isEmpty()) {
                    continue;
                }
                records.addAll(answer.records());
                hosts.putAll(answer.hosts());
                valid = valid == null || until.compareTo(valid) < 0 ? until : valid;
            }
            if (!records.isEmpty() && valid != null) {
                outcome.found(records, hosts, valid);
                ended();
            } else if (silent) {
                // The next domain would be asked of the same servers.
                fail(String.valueOf(error), false);
            } else {
                next();
            }
        }

        private void fail(String why, boolean noSuchName) {
            outcome.failed(why, noSuchName);
            ended();
        }
    }

    /** One name and type, asked of one server after the other. */
    private final class Question<T> {
        private final Lookup<T> lookup;
        private final String name;
        private final Kind<T> kind;
        private List<Question<T>> others = List.of();
        private int tries;
        private int refusals;
        private boolean silent;
        private @Nullable DnsAnswer<T> answer;

        Question(Lookup<T> lookup, String name, Kind<T> kind) {
            this.lookup = lookup;
            this.name = name;
            this.kind = kind;
        }

        DnsAnswer<T> answer() {
            DnsAnswer<T> known = answer;
            if (known == null) {
                throw new IllegalStateException("no answer yet");
            }
            return known;
        }

        void ask() {
            List<InetSocketAddress> servers = lookup.conf.servers();
            InetSocketAddress server = servers.get((lookup.first + tries) % servers.size());
            tries++;
            DefaultDnsQuestion question;
            try {
                question = new DefaultDnsQuestion(name, kind.type);
            } catch (IllegalArgumentException e) { // longer than a name can be
                end(DnsAnswer.error(String.valueOf(e.getMessage())));
                return;
            }
            lookup.resolver
                    .query(server, question)
                    .addListener(
                            (Future<AddressedEnvelope<DnsResponse, InetSocketAddress>> asked) -> told(server, asked));
        }

        private void told(InetSocketAddress server, Future<AddressedEnvelope<DnsResponse, InetSocketAddress>> asked) {
            List<InetSocketAddress> servers = lookup.conf.servers();
            DnsAnswer<T> told;
            if (asked.isSuccess()) {
                told = read(asked.getNow());
                if (told.error() == null) {
                    lastToAnswer = server;
                    end(told);
                    return;
                }
                told = DnsAnswer.error(told.error() + " of " + text(server));
                refusals++;
            } else {
                silent = true;
                told = DnsAnswer.error(
                        asked.cause() instanceof DnsNameResolverTimeoutException
                                ? "no answer of " + text(server)
                                : String.valueOf(asked.cause().getMessage()));
            }
            if (refusals < servers.size() && tries < servers.size() * lookup.conf.attempts()) {
                ask();
            } else {
                end(told);
            }
        }

        private DnsAnswer<T> read(AddressedEnvelope<DnsResponse, InetSocketAddress> envelope) {
            try {
                return kind.reader.read(envelope.content(), name);
            } catch (RuntimeException e) { // Netty's, for a name that cannot be read
                return DnsAnswer.error("an answer that cannot be read: " + e.getMessage());
            } finally {
                envelope.release();
            }
        }

        private void end(DnsAnswer<T> last) {
            answer = last;
            if (others.stream().allMatch(each -> each.answer != null)) {
                lookup.told(others);
            }
        }
    }

    private static String text(InetSocketAddress server) {
        return server.getAddress().getHostAddress() + ":" + server.getPort();
    }
}
