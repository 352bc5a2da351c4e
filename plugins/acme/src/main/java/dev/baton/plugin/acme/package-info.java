/** Gets certificates from a certificate authority by ACME (RFC 8555), and renews them. */
@NullMarked
package dev.baton.plugin.acme;

import org.jspecify.annotations.NullMarked;
