package dev.baton.plugin.acme;

/** How control of a name is proved. */
enum ChallengeType {
    /** By an answer on port 80 (RFC 8555, section 8.3). */
    HTTP_01,
    /** By a certificate on port 443 (RFC 8737). */
    TLS_ALPN_01
}
