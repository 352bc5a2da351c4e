/**
 * Netty channels on the fd table: the claim of a channel, the facade that lets one change loops, and the stream, server
 * and datagram channels.
 *
 * <p>A channel is built in layers, a class for each subject, so that it is one object:
 * {@link dev.baton.runtime.channel.ClaimedChannel}, {@link dev.baton.runtime.channel.PolledChannel},
 * {@link dev.baton.runtime.channel.FdChannel}, and for streams {@link dev.baton.runtime.channel.HalfCloseChannel},
 * {@link dev.baton.runtime.channel.CountedChannel}, {@link dev.baton.runtime.channel.ReadingChannel},
 * {@link dev.baton.runtime.channel.FdStreamChannel}.
 */
@NullMarked
package dev.baton.runtime.channel;

import org.jspecify.annotations.NullMarked;
