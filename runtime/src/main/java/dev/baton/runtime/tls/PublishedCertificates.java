package dev.baton.runtime.tls;

import dev.baton.spi.tls.CertifiedKey;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The certificates that plugins have published, and the listeners that show them. What is published later under a name
 * takes the place of what was; the order is that of the first time. Any thread, but no loop.
 */
final class PublishedCertificates {
    /** Guarded by this. */
    private List<Published> all = List.of();
    /** Guarded by this. */
    private final Set<ServerTls> servers = new LinkedHashSet<>();

    /** One of them. */
    record Published(CertificateSource source, CertifiedKey key) {}

    /** From now on it shows what is published. */
    synchronized void add(ServerTls server) {
        server.publish(all);
        servers.add(server);
    }

    /** It is gone. */
    synchronized void remove(ServerTls server) {
        servers.remove(server);
    }

    /**
     * Has all servers show a certificate, in the place of the one of the same source.
     *
     * @throws IllegalArgumentException if the TLS library refuses it; everything is as it was then
     */
    synchronized void publish(Published added) {
        List<Published> now = new ArrayList<>(all);
        int at = indexOf(added.source());
        if (at < 0) {
            now.add(added);
        } else {
            now.set(at, added);
        }
        try {
            servers.forEach(each -> each.publish(now));
        } catch (IllegalArgumentException refused) {
            servers.forEach(each -> each.publish(all));
            throw refused;
        }
        all = List.copyOf(now);
    }

    /** No server shows it any longer. */
    synchronized void withdraw(CertificateSource source) {
        int at = indexOf(source);
        if (at >= 0) {
            List<Published> now = new ArrayList<>(all);
            now.remove(at);
            all = List.copyOf(now);
            servers.forEach(each -> each.publish(all));
        }
    }

    private int indexOf(CertificateSource source) {
        return all.stream().map(Published::source).toList().indexOf(source);
    }
}
