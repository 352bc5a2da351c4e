package dev.baton.plugin.acme;

import dev.baton.spi.admin.AdminAction;
import jakarta.inject.Inject;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Orders a certificate now, however long it is valid and whatever has failed before. */
final class RenewAction implements AdminAction<RenewAction.Name> {
    private final ManagedCertificates certificates;

    /**
     * Which.
     *
     * @param name its first name
     */
    record Name(String name) {}

    /**
     * It will be ordered.
     *
     * @param name its first name
     * @param ordered false if another process orders
     */
    record Ordered(String name, boolean ordered) {}

    /** By Guice. */
    @Inject
    RenewAction(ManagedCertificates certificates) {
        this.certificates = certificates;
    }

    @Override
    public CompletionStage<Ordered> act(Name which) {
        ManagedCertificate found = certificates.all().stream()
                .filter(each -> each.name().equals(which.name()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no certificate '" + which.name()
                        + "'; there is: "
                        + String.join(
                                ", ",
                                certificates.all().stream()
                                        .map(ManagedCertificate::name)
                                        .toList())));
        boolean here = certificates.isOrderedHere();
        if (here) {
            found.orderNow();
            certificates.wakeUp();
        }
        return CompletableFuture.completedStage(new Ordered(which.name(), here));
    }
}
