package dev.baton.runtime.dns;

import dev.baton.runtime.upstream.HostLookup.Enclosed;
import dev.baton.runtime.upstream.SrvRecord;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.dns.DefaultDnsRecordDecoder;
import io.netty.handler.codec.dns.DnsRawRecord;
import io.netty.handler.codec.dns.DnsRecord;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponse;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.handler.codec.dns.DnsSection;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a response says of the records of one type.
 *
 * @param records of the name, or of the name that it is an alias of; none if it has none, or there was an error
 * @param hosts the addresses of other names that came along; empty unless the type is SRV
 * @param valid the least TTL of the records that lead to them
 * @param error what kept the name server from answering; null if it has
 * @param <T> {@link InetAddress} or {@link SrvRecord}
 */
record DnsAnswer<T>(
        List<T> records,
        Map<String, Enclosed> hosts,
        Duration valid,
        @Nullable String error) {
    /** Aliases of aliases that are followed; a longer chain, or one that goes round, leads nowhere. */
    private static final int ALIASES_MAX = 16;

    /** Priority, weight and port, before the target. */
    private static final int SRV_HEAD_BYTES = 6;

    /** RFC 2181, section 8: a TTL with the highest bit set counts as 0. */
    private static final long TTL_MAX = Integer.MAX_VALUE;

    /** Reads what a record says; null if it is not of its type's form. */
    private interface Reader<T> {
        @Nullable
        T read(ByteBuf content);
    }

    static <T> DnsAnswer<T> error(String error) {
        return new DnsAnswer<>(List.of(), Map.of(), Duration.ZERO, error);
    }

    /**
     * Reads a response to a question for addresses; its buffers stay the caller's.
     *
     * @param name what was asked for
     * @param type {@link DnsRecordType#A} or {@link DnsRecordType#AAAA}
     */
    static DnsAnswer<InetAddress> ofAddresses(DnsResponse response, String name, DnsRecordType type) {
        return of(response, name, type, DnsAnswer::address);
    }

    /**
     * Reads a response to a question for the servers of a service; its buffers stay the caller's.
     *
     * @param name what was asked for
     * @param ipv6 whether IPv6 addresses of their hosts are wanted
     */
    static DnsAnswer<SrvRecord> ofServers(DnsResponse response, String name, boolean ipv6) {
        DnsAnswer<SrvRecord> answer = of(response, name, DnsRecordType.SRV, DnsAnswer::server);
        Set<String> targets = answer.records.stream().map(SrvRecord::target).collect(Collectors.toUnmodifiableSet());
        Map<String, Enclosed> hosts = new HashMap<>();
        for (int i = 0; i < response.count(DnsSection.ADDITIONAL); i++) {
            DnsRecord each = response.recordAt(DnsSection.ADDITIONAL, i);
            boolean wanted =
                    each.type().equals(DnsRecordType.A) || (ipv6 && each.type().equals(DnsRecordType.AAAA));
            String canonical = canonical(each.name());
            String host = canonical.substring(0, canonical.length() - 1);
            InetAddress address = wanted && targets.contains(host) && each instanceof DnsRawRecord raw
                    ? address(raw.content())
                    : null;
            if (address != null) {
                hosts.merge(host, enclosed(address, ttl(each)), DnsAnswer::both);
            }
        }
        return new DnsAnswer<>(answer.records, Map.copyOf(hosts), answer.valid, answer.error);
    }

    private static Enclosed enclosed(InetAddress address, long ttl) {
        return new Enclosed(List.of(address), Duration.ofSeconds(ttl));
    }

    private static Enclosed both(Enclosed one, Enclosed other) {
        List<InetAddress> addresses = new ArrayList<>(one.addresses());
        addresses.addAll(other.addresses());
        boolean less = one.valid().compareTo(other.valid()) < 0;
        return new Enclosed(addresses, less ? one.valid() : other.valid());
    }

    private static <T> DnsAnswer<T> of(DnsResponse response, String name, DnsRecordType type, Reader<T> reader) {
        if (response.isTruncated()) {
            return error("a part of an answer");
        }
        DnsResponseCode code = response.code();
        if (code.equals(DnsResponseCode.NXDOMAIN)) {
            return new DnsAnswer<>(List.of(), Map.of(), Duration.ZERO, null);
        }
        if (!code.equals(DnsResponseCode.NOERROR)) {
            return error(code.toString());
        }
        String owner = canonical(name);
        long ttl = TTL_MAX;
        for (int i = 0; i < ALIASES_MAX; i++) {
            DnsRawRecord alias = alias(response, owner);
            if (alias == null) {
                break;
            }
            ttl = Math.min(ttl, ttl(alias));
            owner = canonical(DefaultDnsRecordDecoder.decodeName(alias.content().duplicate()));
        }
        List<T> found = new ArrayList<>();
        for (int i = 0; i < response.count(DnsSection.ANSWER); i++) {
            DnsRecord each = response.recordAt(DnsSection.ANSWER, i);
            T record = each instanceof DnsRawRecord raw
                            && raw.type().equals(type)
                            && canonical(raw.name()).equals(owner)
                    ? reader.read(raw.content())
                    : null;
            if (record != null) {
                found.add(record);
                ttl = Math.min(ttl, ttl(each));
            }
        }
        return new DnsAnswer<>(List.copyOf(found), Map.of(), Duration.ofSeconds(ttl), null);
    }

    private static @Nullable DnsRawRecord alias(DnsResponse response, String owner) {
        for (int i = 0; i < response.count(DnsSection.ANSWER); i++) {
            DnsRecord each = response.recordAt(DnsSection.ANSWER, i);
            if (each instanceof DnsRawRecord raw
                    && raw.type().equals(DnsRecordType.CNAME)
                    && canonical(raw.name()).equals(owner)) {
                return raw;
            }
        }
        return null;
    }

    private static long ttl(DnsRecord of) {
        return of.timeToLive() > TTL_MAX ? 0 : of.timeToLive();
    }

    /** Null if it has not the length of one. */
    private static @Nullable InetAddress address(ByteBuf content) {
        byte[] bytes = new byte[content.readableBytes()];
        content.getBytes(content.readerIndex(), bytes);
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            return null;
        }
    }

    /** RFC 2782; null if it is too short to be one. */
    private static @Nullable SrvRecord server(ByteBuf content) {
        ByteBuf in = content.duplicate();
        if (in.readableBytes() <= SRV_HEAD_BYTES) {
            return null;
        }
        int priority = in.readUnsignedShort();
        int weight = in.readUnsignedShort();
        int port = in.readUnsignedShort();
        return new SrvRecord(priority, weight, port, DefaultDnsRecordDecoder.decodeName(in));
    }

    private static String canonical(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(".") ? lower : lower + ".";
    }
}
