package dev.baton.runtime.config;

/** Which header of the PROXY protocol an upstream's connections begin with. */
public enum ProxyVersion {
    /** A line of text. */
    V1,
    /** Bytes, which unix clients have too. */
    V2
}
