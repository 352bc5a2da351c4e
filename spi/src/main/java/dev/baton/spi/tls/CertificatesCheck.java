package dev.baton.spi.tls;

import dev.baton.spi.config.ValueCheck;
import java.nio.file.Path;
import java.util.Optional;

/** A file must have certificates, in PEM. */
public final class CertificatesCheck implements ValueCheck<Path> {
    @Override
    public Optional<String> problem(Path file) {
        try {
            CertificateFiles.certificates(file);
            return Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }
}
