package dev.baton.plugin.acme;

import dev.baton.spi.admin.AdminView;
import dev.baton.spi.tls.CertifiedKey;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.List;

/** How the certificates get on. */
final class AcmeView implements AdminView {
    private final ManagedCertificates certificates;

    /**
     * A certificate.
     *
     * @param name its first name
     * @param names all of them
     * @param challenge how control of them is proved
     * @param state a word for whether there is one that is valid, or is being ordered
     * @param expires when; empty if there is none
     * @param next when it is ordered next; {@code by another process} if that is none of this one's business
     * @param problem why the last order has failed; empty if it has not
     */
    record Row(
            String name,
            List<String> names,
            String challenge,
            String state,
            String expires,
            String next,
            String problem) {}

    /** By Guice. */
    @Inject
    AcmeView(ManagedCertificates certificates) {
        this.certificates = certificates;
    }

    @Override
    public List<Row> rows() {
        return certificates.all().stream().map(this::row).toList();
    }

    private Row row(ManagedCertificate each) {
        CertifiedKey key = each.key();
        Instant expires = key == null ? null : key.certificate().getNotAfter().toInstant();
        Instant now = Instant.now();
        String state = each.isOrdering()
                ? "ordering"
                : expires == null ? "missing" : expires.isBefore(now) ? "expired" : "valid";
        return new Row(
                each.name(),
                each.config().names(),
                each.config().challenge() == ChallengeType.HTTP_01 ? "http-01" : "tls-alpn-01",
                state,
                expires == null ? "" : expires.toString(),
                certificates.isOrderedHere() ? AcmeWorker.words(each.next(), now) : "by another process",
                each.problem());
    }
}
