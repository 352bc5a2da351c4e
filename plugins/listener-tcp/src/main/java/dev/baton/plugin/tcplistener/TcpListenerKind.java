package dev.baton.plugin.tcplistener;

import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.ListenerKind;

/**
 * Listens on TCP: {@code 127.0.0.1:8080}, {@code [::1]:8080}, {@code localhost:8080}, {@code *:8080}; see
 * {@link TcpEndpoint} for what each of them serves.
 */
public final class TcpListenerKind implements ListenerKind {

    @Override
    public String name() {
        return "tcp";
    }

    /** Everything that is not a path, and not marked as another kind's by {@code @} or {@code unix:}. */
    @Override
    public boolean claims(String bind) {
        return bind.indexOf('/') < 0 && bind.indexOf('@') < 0 && !bind.startsWith("unix:");
    }

    @Override
    public ListenerEndpoint parse(String bind) {
        return TcpEndpoint.parse(bind);
    }
}
