package dev.baton.spi.posix;

/**
 * Socket options by level. All are ints but for those that say what they are instead; none has a negative value to
 * read.
 *
 * <p>The values are Linux's. They are the same on x86-64 and aarch64, which both take them from the kernel's
 * {@code asm-generic} headers.
 */
public final class SocketOptions {
    /** Level of the {@code SO_} options. */
    public static final int SOL_SOCKET = 1;

    /** Bind although old connections of this port linger. */
    public static final int SO_REUSEADDR = 2;

    /** The socket's type, such as {@link Sockets#SOCK_STREAM}; read only. */
    public static final int SO_TYPE = 3;

    /** The pending error number, cleared by reading it; read only. */
    public static final int SO_ERROR = 4;

    /** Allow datagrams to broadcast addresses. */
    public static final int SO_BROADCAST = 6;

    /** Size of the send buffer in bytes; the kernel doubles what is set. */
    public static final int SO_SNDBUF = 7;

    /** Size of the receive buffer in bytes; the kernel doubles what is set. */
    public static final int SO_RCVBUF = 8;

    /** Probe a silent peer. */
    public static final int SO_KEEPALIVE = 9;

    /** Let several sockets bind one port and share its connections. */
    public static final int SO_REUSEPORT = 15;

    /** Who is at the other end of a unix socket: {@code struct ucred}, of the time of connect or listen. */
    public static final int SO_PEERCRED = 17;

    /**
     * Let a filter of the kernel's classic kind decide which packets reach the socket; its value is a struct
     * sock_fprog.
     */
    public static final int SO_ATTACH_FILTER = 26;

    /** Whether the socket listens; read only. */
    public static final int SO_ACCEPTCONN = 30;

    /** The socket's protocol; read only. */
    public static final int SO_PROTOCOL = 38;

    /** The socket's address family; read only. */
    public static final int SO_DOMAIN = 39;

    /** Which CPU handled the last packet; read only. */
    public static final int SO_INCOMING_CPU = 49;

    /** Level {@link Sockets#IPPROTO_IP}: type of service. */
    public static final int IP_TOS = 1;

    /** Level {@link Sockets#IPPROTO_IP}: bind to an address that this machine does not have (yet). */
    public static final int IP_FREEBIND = 15;

    /** Level {@link Sockets#IPPROTO_IP}: choose the source port at connect, not at bind. */
    public static final int IP_BIND_ADDRESS_NO_PORT = 24;

    /**
     * Level {@link Sockets#IPPROTO_IP}: through which interface multicast datagrams go; its value is a struct ip_mreqn.
     */
    public static final int IP_MULTICAST_IF = 32;

    /** Level {@link Sockets#IPPROTO_IP}: how far multicast datagrams go. */
    public static final int IP_MULTICAST_TTL = 33;

    /** Level {@link Sockets#IPPROTO_IP}: whether multicast datagrams come back. */
    public static final int IP_MULTICAST_LOOP = 34;

    /**
     * Levels {@link Sockets#IPPROTO_IP} and {@link Sockets#IPPROTO_IPV6}: join a group; its value is a struct
     * group_req.
     */
    public static final int MCAST_JOIN_GROUP = 42;

    /** Levels of IP: refuse a source in a group that was joined; its value is a struct group_source_req. */
    public static final int MCAST_BLOCK_SOURCE = 43;

    /** Levels of IP: leave a group; its value is a struct group_req. */
    public static final int MCAST_LEAVE_GROUP = 45;

    /** Levels of IP: join a group for one source; its value is a struct group_source_req. */
    public static final int MCAST_JOIN_SOURCE_GROUP = 46;

    /** Levels of IP: leave a group that was joined for one source; its value is a struct group_source_req. */
    public static final int MCAST_LEAVE_SOURCE_GROUP = 47;

    /**
     * Level {@link Sockets#IPPROTO_IP}: hear groups, too, that only other sockets of this machine have joined; on at
     * first.
     */
    public static final int IP_MULTICAST_ALL = 49;

    /** Level {@link Sockets#IPPROTO_IPV6}: the index of the interface through which multicast datagrams go. */
    public static final int IPV6_MULTICAST_IF = 17;

    /** Level {@link Sockets#IPPROTO_IPV6}: how far multicast datagrams go. */
    public static final int IPV6_MULTICAST_HOPS = 18;

    /** Level {@link Sockets#IPPROTO_IPV6}: whether multicast datagrams come back. */
    public static final int IPV6_MULTICAST_LOOP = 19;

    /** Level {@link Sockets#IPPROTO_IPV6}: as {@link #IP_MULTICAST_ALL}. */
    public static final int IPV6_MULTICAST_ALL = 29;

    /** Level {@link Sockets#IPPROTO_IPV6}: serve IPv6 only. */
    public static final int IPV6_V6ONLY = 26;

    /** Level {@link Sockets#IPPROTO_IPV6}: traffic class. */
    public static final int IPV6_TCLASS = 67;

    /** Level {@link Sockets#IPPROTO_TCP}: send small segments at once. */
    public static final int TCP_NODELAY = 1;

    /** Level {@link Sockets#IPPROTO_TCP}: hold back partial segments. */
    public static final int TCP_CORK = 3;

    /** Level {@link Sockets#IPPROTO_TCP}: seconds of silence before the first keep-alive probe. */
    public static final int TCP_KEEPIDLE = 4;

    /** Level {@link Sockets#IPPROTO_TCP}: seconds between keep-alive probes. */
    public static final int TCP_KEEPINTVL = 5;

    /** Level {@link Sockets#IPPROTO_TCP}: unanswered keep-alive probes before the connection is dropped. */
    public static final int TCP_KEEPCNT = 6;

    /** Level {@link Sockets#IPPROTO_TCP}: SYN packets before a connect fails. */
    public static final int TCP_SYNCNT = 7;

    /** Level {@link Sockets#IPPROTO_TCP}: seconds a connection waits for data before accept reports it. */
    public static final int TCP_DEFER_ACCEPT = 9;

    /** Level {@link Sockets#IPPROTO_TCP}: a struct tcp_info; read only. */
    public static final int TCP_INFO = 11;

    /** Level {@link Sockets#IPPROTO_TCP}: acknowledge at once. */
    public static final int TCP_QUICKACK = 12;

    /** Level {@link Sockets#IPPROTO_TCP}: milliseconds that sent data may stay unacknowledged. */
    public static final int TCP_USER_TIMEOUT = 18;

    /** Level {@link Sockets#IPPROTO_TCP}: length of the queue of TCP fast open connections. */
    public static final int TCP_FASTOPEN = 23;

    /** Level {@link Sockets#IPPROTO_TCP}: report writable only below this many unsent bytes. */
    public static final int TCP_NOTSENT_LOWAT = 25;

    private SocketOptions() {}
}
