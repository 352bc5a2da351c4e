/** TLS with clients: what its configuration says, certificates and their keys, and who speaks it. */
@NullMarked
package dev.baton.spi.tls;

import org.jspecify.annotations.NullMarked;
