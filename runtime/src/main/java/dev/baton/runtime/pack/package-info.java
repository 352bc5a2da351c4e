/**
 * What of a live connection goes to another process: its sockets with what was not sent, and what its service has
 * packed. Listeners pack and unpack ({@link dev.baton.runtime.listener}), upstreams do their connections
 * ({@link dev.baton.runtime.upstream}), an upgrade carries ({@link dev.baton.runtime.upgrade}).
 *
 * <p>Who owns a packed connection, and with it the right to read and write its sockets:
 *
 * <pre>
 * owner            until                                                 then
 * its listener     {@code Service.pack} has answered, and the channels   the parcel's carrier
 *                  have given their sockets away
 * the carrier      the other process says that it takes it               the other process
 *                  the other process refuses it, or is gone              its listener, which unpacks it again
 * </pre>
 *
 * <p>Both processes have the sockets open between the sending of the parcel and its answer, and neither reads or writes
 * them then. The other process says that it takes a parcel before it touches it, and the kernel decides whether it has
 * said so in time: the carrier stops hearing first, takes the answers that have come, and only then takes the rest
 * back.
 */
@NullMarked
package dev.baton.runtime.pack;

import org.jspecify.annotations.NullMarked;
