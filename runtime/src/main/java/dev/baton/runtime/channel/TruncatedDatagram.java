package dev.baton.runtime.channel;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Fired as a user event before a datagram that did not fit into its buffer: its end is lost. A bigger
 * {@code RCVBUF_ALLOCATOR} takes it whole.
 *
 * @param sender who sent it
 * @param kept how many bytes of it follow
 */
public record TruncatedDatagram(@Nullable InetSocketAddress sender, int kept) {}
