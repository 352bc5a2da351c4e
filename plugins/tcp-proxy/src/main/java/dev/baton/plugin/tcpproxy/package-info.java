/** Forwards TCP streams. */
@NullMarked
package dev.baton.plugin.tcpproxy;

import org.jspecify.annotations.NullMarked;
