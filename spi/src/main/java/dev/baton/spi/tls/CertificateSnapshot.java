package dev.baton.spi.tls;

import java.util.List;

/**
 * A certificate that listeners show, or that is shown to servers, as it is now.
 *
 * @param names the DNS names that it is for
 * @param key {@code EC} or {@code RSA}
 * @param expires when it ends, as in {@code 2026-11-30T09:00:00Z}
 * @param daysLeft whole days until then; negative once it has expired
 * @param issuer who has signed it
 * @param source the file that it was read from, or {@code PLUGIN:NAME} if a plugin has published it
 * @param ocsp until when there is an OCSP response to show with it, and why there is no new one; empty if none is
 *     wanted
 * @param problem why the file was not taken when it was read last; empty if it was
 */
public record CertificateSnapshot(
        List<String> names,
        String key,
        String expires,
        long daysLeft,
        String issuer,
        String source,
        String ocsp,
        String problem) {}
