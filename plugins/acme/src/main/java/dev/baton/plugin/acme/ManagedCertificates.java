package dev.baton.plugin.acme;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.List;

/** What the section of the configuration asks for, for views and actions. Any thread. */
@Singleton
final class ManagedCertificates {
    private volatile List<ManagedCertificate> all = List.of();
    private volatile boolean here;
    private volatile Runnable wakeUp = () -> {};

    /** By Guice. */
    @Inject
    ManagedCertificates() {}

    List<ManagedCertificate> all() {
        return all;
    }

    /** The configuration asks for these. */
    void are(List<ManagedCertificate> certificates, Runnable whatOrders) {
        all = List.copyOf(certificates);
        wakeUp = whatOrders;
    }

    /** True if this process orders, and no other. */
    boolean isOrderedHere() {
        return here;
    }

    void orderedHere(boolean yes) {
        here = yes;
    }

    /** Something is to be ordered earlier. */
    void wakeUp() {
        wakeUp.run();
    }
}
