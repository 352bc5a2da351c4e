package dev.baton.plugin.tcpproxy;

/** The same streams, passed on by the kernel from their second byte on, wherever that is possible. */
class SplicedWorldTest extends TcpProxyWorldTest {
    @Override
    String keys() {
        return ", splice-after: 1B";
    }

    /** In the sockets and in the pipe: none is read to be held here. */
    @Override
    int held() {
        return 8_000;
    }
}
