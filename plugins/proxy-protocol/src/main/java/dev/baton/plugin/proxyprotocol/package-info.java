/** Reads the PROXY protocol of load balancers. */
@NullMarked
package dev.baton.plugin.proxyprotocol;

import org.jspecify.annotations.NullMarked;
