package dev.baton.runtime.dns;

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
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a response says of the addresses of one type.
 *
 * @param addresses of the name, or of the name that it is an alias of; none if it has none, or there was an error
 * @param valid the least TTL of the records that lead to them
 * @param error what kept the name server from answering; null if it has
 */
record DnsAnswer(
        List<InetAddress> addresses,
        Duration valid,
        @Nullable String error) {
    /** Aliases of aliases that are followed; a longer chain, or one that goes round, leads nowhere. */
    private static final int ALIASES_MAX = 16;

    /** RFC 2181, section 8: a TTL with the highest bit set counts as 0. */
    private static final long TTL_MAX = Integer.MAX_VALUE;

    static DnsAnswer error(String error) {
        return new DnsAnswer(List.of(), Duration.ZERO, error);
    }

    /**
     * Reads a response; its buffers stay the caller's.
     *
     * @param name what was asked for
     * @param type {@link DnsRecordType#A} or {@link DnsRecordType#AAAA}
     */
    static DnsAnswer of(DnsResponse response, String name, DnsRecordType type) {
        if (response.isTruncated()) {
            return error("a part of an answer");
        }
        DnsResponseCode code = response.code();
        if (code.equals(DnsResponseCode.NXDOMAIN)) {
            return new DnsAnswer(List.of(), Duration.ZERO, null);
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
        List<InetAddress> addresses = new ArrayList<>();
        for (int i = 0; i < response.count(DnsSection.ANSWER); i++) {
            DnsRecord each = response.recordAt(DnsSection.ANSWER, i);
            InetAddress address =
                    each.type().equals(type) && canonical(each.name()).equals(owner)
                            ? address(((DnsRawRecord) each).content())
                            : null;
            if (address != null) {
                addresses.add(address);
                ttl = Math.min(ttl, ttl(each));
            }
        }
        return new DnsAnswer(List.copyOf(addresses), Duration.ofSeconds(ttl), null);
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

    private static String canonical(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(".") ? lower : lower + ".";
    }
}
