package dev.baton.plugin.proxyprotocol;

import dev.baton.spi.Configured;
import dev.baton.spi.filter.ConnectionFilter;

/** Makes one filter for each use. */
public final class ProxyProtocolFactory implements Configured<ProxyProtocolConfig, ConnectionFilter> {
    @Override
    public ConnectionFilter create(ProxyProtocolConfig config) {
        int limit = (int) config.headerLimit().bytes();
        return (connection, next) -> connection.pipeline().addLast(new HeaderReader(next, limit));
    }
}
