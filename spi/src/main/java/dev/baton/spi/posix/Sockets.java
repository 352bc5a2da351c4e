package dev.baton.spi.posix;

/**
 * Address families, socket types, protocols, and the flags of send, receive and shutdown.
 *
 * <p>The values are Linux's. They are the same on x86-64 and aarch64, which both take them from the kernel's
 * {@code asm-generic} headers.
 */
public final class Sockets {
    /** No address family: what an unnamed peer has. */
    public static final int AF_UNSPEC = 0;

    /** Unix sockets. */
    public static final int AF_UNIX = 1;

    /** IPv4. */
    public static final int AF_INET = 2;

    /** IPv6; unless {@link SocketOptions#IPV6_V6ONLY} is set it serves IPv4 as well. */
    public static final int AF_INET6 = 10;

    /** A stream of bytes: TCP. */
    public static final int SOCK_STREAM = 1;

    /** Datagrams: UDP. */
    public static final int SOCK_DGRAM = 2;

    /** A sequence of packets over a connection; unix sockets only. */
    public static final int SOCK_SEQPACKET = 5;

    /** Flag of a socket's type: non-blocking; {@link SocketCalls#socket} adds it. */
    public static final int SOCK_NONBLOCK = 0x800;

    /** Flag of a socket's type: closed on exec; {@link SocketCalls#socket} adds it. */
    public static final int SOCK_CLOEXEC = 0x80000;

    /** The protocol and option level of IPv4. */
    public static final int IPPROTO_IP = 0;

    /** The protocol and option level of TCP. */
    public static final int IPPROTO_TCP = 6;

    /** The protocol and option level of UDP. */
    public static final int IPPROTO_UDP = 17;

    /** The option level of IPv6. */
    public static final int IPPROTO_IPV6 = 41;

    /** Look at data and leave it there. */
    public static final int MSG_PEEK = 0x02;

    /** Control data (passed fds) did not fit, or could not be received, and was lost. */
    public static final int MSG_CTRUNC = 0x08;

    /** A datagram did not fit and its end was lost. */
    public static final int MSG_TRUNC = 0x20;

    /** Do not block in this call. */
    public static final int MSG_DONTWAIT = 0x40;

    /** Report a broken connection as {@link Errno#EPIPE} and not by SIGPIPE; the runtime always adds it. */
    public static final int MSG_NOSIGNAL = 0x4000;

    /** Close received fds on exec; the runtime always adds it. */
    public static final int MSG_CMSG_CLOEXEC = 0x40000000;

    /** Shut the receiving direction. */
    public static final int SHUT_RD = 0;

    /** Shut the sending direction. */
    public static final int SHUT_WR = 1;

    /** Shut both directions. */
    public static final int SHUT_RDWR = 2;

    private Sockets() {}
}
