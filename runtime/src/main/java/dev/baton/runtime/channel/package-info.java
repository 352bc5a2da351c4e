/**
 * Netty channels on the fd table: the claim of a channel, the facade that lets one change loops, and the stream, server
 * and datagram channels.
 */
@NullMarked
package dev.baton.runtime.channel;

import org.jspecify.annotations.NullMarked;
