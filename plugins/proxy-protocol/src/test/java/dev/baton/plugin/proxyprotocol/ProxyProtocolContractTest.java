package dev.baton.plugin.proxyprotocol;

import dev.baton.testkit.world.ConnectionFilterContract;
import java.nio.charset.StandardCharsets;

/** The PROXY protocol keeps every promise of a filter that has to read. */
class ProxyProtocolContractTest extends ConnectionFilterContract {
    ProxyProtocolContractTest() {
        super(ProxyProtocolPlugin.class, "proxy-protocol");
    }

    @Override
    protected byte[] opening() {
        return Headers.ipv4(new byte[20]);
    }

    @Override
    protected byte[] refused() {
        return "GET / HTTP/1.1\r\n".getBytes(StandardCharsets.US_ASCII);
    }
}
