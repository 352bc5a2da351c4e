package dev.baton.plugin.acme;

import dev.baton.spi.Component;
import dev.baton.spi.ComponentFactory;
import dev.baton.spi.Replacement;
import dev.baton.spi.admin.RuntimeView;
import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.tls.CertificateStore;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.URI;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Makes the component. */
final class AcmeFactory implements ComponentFactory<AcmeConfig> {
    private final CertificateStore store;
    private final Challenges challenges;
    private final ManagedCertificates certificates;
    private final RuntimeView view;
    private final Metrics metrics;

    /** By Guice. */
    @Inject
    AcmeFactory(
            CertificateStore store,
            Challenges challenges,
            ManagedCertificates certificates,
            RuntimeView view,
            Metrics metrics) {
        this.store = store;
        this.challenges = challenges;
        this.certificates = certificates;
        this.view = view;
        this.metrics = metrics;
    }

    @Override
    public Component create(AcmeConfig config) {
        return new Acme(config);
    }

    private final class Acme implements Component {
        private final AcmeConfig config;
        private final AuthorityFiles files;
        private @Nullable AcmeWorker worker;

        Acme(AcmeConfig config) {
            this.config = config;
            this.files = AuthorityFiles.read(config);
        }

        @Override
        public CompletionStage<String> start() {
            try {
                Folder folder = Folder.open(config.folder(), URI.create(config.directory()));
                List<ManagedCertificate> all = config.certificates().stream()
                        .map(ManagedCertificate::new)
                        .toList();
                Authority authority = new Authority(
                        config,
                        files,
                        folder,
                        challenges,
                        () -> view.status().state().equals(AcmeWorker.READY));
                AcmeWorker started = new AcmeWorker(
                        folder,
                        authority::order,
                        all,
                        certificates,
                        store,
                        () -> view.status().state(),
                        metrics,
                        InstantSource.system());
                worker = started;
                started.load();
                started.start();
                long there = all.stream().filter(each -> each.key() != null).count();
                return CompletableFuture.completedStage("acme at "
                        + URI.create(config.directory()).getAuthority()
                        + " (" + there + " of " + all.size() + (all.size() == 1 ? " certificate" : " certificates")
                        + " in " + config.folder() + ")");
            } catch (IOException e) {
                return CompletableFuture.failedStage(e);
            }
        }

        /** {@inheritDoc} Two would be at the same things. */
        @Override
        public Replacement replacement() {
            return Replacement.OLD_FIRST;
        }

        @Override
        public CompletionStage<Void> stop() {
            if (worker != null) {
                worker.stop();
            }
            return CompletableFuture.completedStage(null);
        }
    }
}
