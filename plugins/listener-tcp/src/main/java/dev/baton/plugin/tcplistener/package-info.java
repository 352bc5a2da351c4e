/** Listens on TCP addresses, IPv4 and IPv6. */
@NullMarked
package dev.baton.plugin.tcplistener;

import org.jspecify.annotations.NullMarked;
