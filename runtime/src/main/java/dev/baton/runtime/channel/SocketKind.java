package dev.baton.runtime.channel;

import dev.baton.spi.fd.FdKind;

/** Which socket a channel has, as far as its options differ. */
enum SocketKind {
    /** A TCP connection. */
    TCP(FdKind.UPSTREAM),
    /** A connection over a unix socket. */
    UNIX(FdKind.UPSTREAM),
    /** A listening socket of TCP. */
    TCP_SERVER(FdKind.LISTENER),
    /** A listening unix socket. */
    UNIX_SERVER(FdKind.LISTENER),
    /** UDP. */
    DATAGRAM(FdKind.DATAGRAM);

    /** Of a new socket that is asked for its defaults. */
    final FdKind fdKind;

    SocketKind(FdKind fdKind) {
        this.fdKind = fdKind;
    }

    /** Whether it has the options of the internet's protocols. */
    boolean isInet() {
        return this != UNIX && this != UNIX_SERVER;
    }
}
