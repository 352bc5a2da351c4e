package dev.baton.runtime.upstream;

import io.netty.util.NetUtil;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One address of one server. Connections to it are kept apart from those to the server's other addresses. Any thread.
 */
final class Endpoint {
    private static final Logger LOG = LoggerFactory.getLogger(Endpoint.class);

    private final String server;
    private final SocketAddress address;
    private final Backoff backoff = new Backoff();

    Endpoint(String server, SocketAddress address) {
        this.server = server;
        this.address = address;
    }

    SocketAddress address() {
        return address;
    }

    /** Whether connects to it have failed, so that the server's other addresses come first. */
    boolean isLeftOut() {
        return backoff.isLeftOut();
    }

    boolean admits(long nowNanos) {
        return backoff.admits(nowNanos);
    }

    int compareLastFailure(Endpoint other) {
        return backoff.compareLastFailure(other.backoff);
    }

    void connected() {
        if (backoff.connected()) {
            LOG.info("server {}: {} can be connected to again", server, this);
        }
    }

    void failed(long startedNanos, long nowNanos, Throwable cause) {
        if (backoff.failed(startedNanos, nowNanos)) {
            LOG.info(
                    "server {}: {} is left out for its other addresses, and tried again every {} to {} s: {}",
                    server,
                    this,
                    TimeUnit.NANOSECONDS.toSeconds(Backoff.FIRST_DELAY_NANOS),
                    TimeUnit.NANOSECONDS.toSeconds(Backoff.LONGEST_DELAY_NANOS),
                    cause.getMessage());
        }
    }

    @Override
    public String toString() {
        return address instanceof InetSocketAddress inet && inet.getAddress() != null
                ? NetUtil.toSocketAddressString(inet)
                : String.valueOf(address);
    }
}
