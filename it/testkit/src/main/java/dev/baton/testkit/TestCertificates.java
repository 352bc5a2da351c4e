package dev.baton.testkit;

import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.spi.tls.Pem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Certificates for tests, as files. */
public final class TestCertificates {
    private TestCertificates() {}

    /** Makes a self-signed one with an EC key, and writes it. */
    public static CertifiedKey selfSigned(Path folder, String file, String... names) throws IOException {
        return write(folder, file, CertificateMaker.of(names).make());
    }

    /** Writes {@code FILE.crt} and {@code FILE.key}. */
    public static CertifiedKey write(Path folder, String file, CertifiedKey made) throws IOException {
        Files.writeString(folder.resolve(file + ".crt"), Pem.write(made.chain()));
        Files.writeString(folder.resolve(file + ".key"), Pem.write(made.key()));
        return made;
    }

    /** An entry of {@code certificates:} that names them. */
    public static String entry(Path folder, String file) {
        return "{ certificate: \"" + folder.resolve(file + ".crt") + "\", key: \"" + folder.resolve(file + ".key")
                + "\" }";
    }
}
