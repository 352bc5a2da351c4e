package dev.baton.runtime.tls;

import dev.baton.spi.tls.CipherSuite;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Which cipher suites are offered or taken. */
final class Suites {
    /** The TLS 1.3 suites, in the library's order: they cannot be chosen. */
    private static final List<String> TLS_1_3 =
            List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256");

    private Suites() {}

    /**
     * Their names.
     *
     * @param chosen of TLS 1.2; empty for the default ones
     */
    static List<String> of(List<CipherSuite> chosen) {
        return Stream.concat(TLS_1_3.stream(), older(chosen).map(CipherSuite::toString))
                .toList();
    }

    /** Those of TLS 1.2 among them. */
    static Stream<CipherSuite> older(List<CipherSuite> chosen) {
        return chosen.isEmpty() ? Arrays.stream(CipherSuite.values()).filter(CipherSuite::isDefault) : chosen.stream();
    }
}
