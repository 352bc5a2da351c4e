package dev.baton.runtime.dns;

import dev.baton.runtime.upstream.HostLookup;
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
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * Asks name servers for the addresses of a name, in the order in which the C library does, which is why it is not left
 * to Netty's resolver: that sends and reads the messages, over TCP where an answer does not fit into a datagram.
 *
 * <pre>
 *   answer                                          then
 *   addresses                                       found; the other type's are waited for
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

    private final Queue<Lookup> waiting = new ArrayDeque<>();
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

    /**
     * Looks a name up.
     *
     * @param reply is told on the loop, once
     * @throws java.util.concurrent.RejectedExecutionException if the loop has ended
     */
    @OffLoop
    void lookUp(String name, ResolvConf conf, HostLookup.Reply reply) {
        Lookup lookup = new Lookup(resolver(conf.timeout()), name, conf, reply);
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
            Lookup next = waiting.poll();
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
    private final class Lookup {
        private final DnsNameResolver resolver;
        private final String name;
        private final ResolvConf conf;
        private final HostLookup.Reply reply;
        private final Deque<String> candidates;
        private int first;
        private @Nullable String error;

        Lookup(DnsNameResolver resolver, String name, ResolvConf conf, HostLookup.Reply reply) {
            this.resolver = resolver;
            this.name = name;
            this.conf = conf;
            this.reply = reply;
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
            List<Question> questions = new ArrayList<>();
            questions.add(new Question(this, candidate, DnsRecordType.A));
            if (conf.ipv6()) {
                questions.add(new Question(this, candidate, DnsRecordType.AAAA));
            }
            // All are there before the first is asked, which may fail at once.
            questions.forEach(each -> each.others = questions);
            questions.forEach(Question::ask);
        }

        /** All questions about one candidate have an answer. */
        private void told(List<Question> questions) {
            List<InetAddress> addresses = new ArrayList<>();
            Duration valid = null;
            boolean silent = false;
            for (Question each : questions) {
                DnsAnswer answer = each.answer();
                silent |= each.silent;
                if (answer.error() != null) {
                    error = answer.error();
                    // Those of one type alone: the other type's may be there again soon.
                    answer = new DnsAnswer(List.of(), HostLookup.REFRESH, null);
                } else if (answer.addresses().isEmpty()) {
                    continue;
                }
                addresses.addAll(answer.addresses());
                valid = valid == null || answer.valid().compareTo(valid) < 0 ? answer.valid() : valid;
            }
            if (!addresses.isEmpty() && valid != null) {
                reply.found(addresses, valid);
                ended();
            } else if (silent) {
                // The next domain would be asked of the same servers.
                fail(String.valueOf(error), false);
            } else {
                next();
            }
        }

        private void fail(String why, boolean noSuchName) {
            reply.failed(why, noSuchName);
            ended();
        }
    }

    /** One name and type, asked of one server after the other. */
    private final class Question {
        private final Lookup lookup;
        private final String name;
        private final DnsRecordType type;
        private List<Question> others = List.of();
        private int tries;
        private int refusals;
        private boolean silent;
        private @Nullable DnsAnswer answer;

        Question(Lookup lookup, String name, DnsRecordType type) {
            this.lookup = lookup;
            this.name = name;
            this.type = type;
        }

        DnsAnswer answer() {
            DnsAnswer known = answer;
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
                question = new DefaultDnsQuestion(name, type);
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
            DnsAnswer told;
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

        private DnsAnswer read(AddressedEnvelope<DnsResponse, InetSocketAddress> envelope) {
            try {
                return DnsAnswer.of(envelope.content(), name, type);
            } catch (RuntimeException e) { // Netty's, for a name that cannot be read
                return DnsAnswer.error("an answer that cannot be read: " + e.getMessage());
            } finally {
                envelope.release();
            }
        }

        private void end(DnsAnswer last) {
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
