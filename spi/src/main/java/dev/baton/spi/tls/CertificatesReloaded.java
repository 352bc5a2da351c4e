package dev.baton.spi.tls;

import java.util.List;

/**
 * What became of a reload of certificates.
 *
 * @param certificates how many clients or servers are shown
 * @param replaced how many of them have changed, and are shown in new handshakes from now on
 * @param problems why others were not taken: what they were before still is
 */
public record CertificatesReloaded(int certificates, int replaced, List<String> problems) {}
