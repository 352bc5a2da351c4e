package dev.baton.spi.config;

import io.netty.util.NetUtil;
import java.util.regex.Pattern;

/** What can stand for a host in front of a port, in the configuration. */
public final class Hosts {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_]([A-Za-z0-9_-]*)(\\.[A-Za-z0-9_-]+)*\\.?");
    /** A name that a name server could know has a letter in its last part. */
    private static final Pattern LOOKS_LIKE_IPV4 = Pattern.compile("[0-9.]+");

    private Hosts() {}

    /**
     * True for an IPv4 address, an IPv6 address in brackets, and what has the form of a name. Never asks a name server.
     */
    public static boolean isHost(String host) {
        if (host.startsWith("[")) {
            return host.endsWith("]") && NetUtil.isValidIpV6Address(host);
        }
        return LOOKS_LIKE_IPV4.matcher(host).matches()
                ? NetUtil.isValidIpV4Address(host)
                : NAME.matcher(host).matches();
    }
}
