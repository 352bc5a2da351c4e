/**
 * Everything between a process and the one before or after it. In an upgrade a process starts another
 * ({@link dev.baton.runtime.upgrade.Upgrade}) and gives it its listening sockets, and later its idle upstream
 * connections.
 *
 * <p>Over a unix socket (SOCK_SEQPACKET: one packet a {@link dev.baton.runtime.upgrade.Message}) of mode 0600 in a
 * folder of mode 0700, whose two ends check each other's user and process. Who says what, in this order:
 *
 * <pre>
 *      old process (giver)                          new process (receiver)
 *  1   makes the socket, starts the new process
 *  2                                                reads its configuration; a wrong one ends it here
 *  3                                                connects                                  HELLO ->
 *  4   <- HELLO, UPSTREAM*, DOWN*, LISTENER*, SERVER*, SOCKETS_END
 *  5                                                adopts, binds what is new, closes the rest READY ->
 *  6   <- GO (with its standard streams)
 *  7                                                accepts                                  SERVING ->
 *  8   stops accepting             <- RELEASED
 *  9   drains                      <- IDLE*         takes the connections into its pools
 *      its live connections        <- (PART* PARCEL)*
 *      closes its copies, or goes on with them      goes on with them, or not  TAKEN* or RETURNED* ->
 *      closes its copies                            unbinds, stops or is upgraded itself     DROPPED* ->
 * 10   ends                        <- END
 * </pre>
 *
 * <p>While it drains the old process keeps copies of the listening sockets: if the new one dies, it accepts again, and
 * what waits in the backlogs is not lost. A copy would also keep an address taken that the new process lets go of, so
 * it says so first (DROPPED, any thread, at any time after 7). It promises to by a field of READY; for a process that
 * does not, no copies are kept.
 *
 * <p>A live connection is a PARCEL, behind a PART for each piece that one packet has no room for. The new process says
 * TAKEN before it touches it, or RETURNED if it has no place for it; see {@link dev.baton.runtime.pack} for who owns it
 * when. The old process may stop hearing at any time: then the new one cannot say TAKEN any more, and does not take
 * what is still to come, unless the old one is dead. They are sent only if a field of HELLO says that they are known.
 *
 * <p>What an operator has changed at run time comes along: LISTENER says whether one was suspended, and the text that
 * one was added by; UPSTREAM how a server of an upstream was changed; SOCKETS_END which listeners were unbound, and the
 * keys of session tickets of TLS; RELEASED what was suspended or resumed after 4; READY what became of it all, for a
 * person. New fields come after the first ones: a process of a version that does not know them ignores them. UPSTREAM,
 * and DOWN for each server that checks have found down, are sent only if a field of HELLO says that they are known.
 *
 * <p>Between 7 and 8 both accept, so that at no moment neither does. Until 7 nothing of the old process has changed:
 * whatever happens to the new one costs only the attempt. From 4 on the new one has all it needs: if the old one dies
 * then, it continues alone; if it dies before, even before 3, the new one binds for itself, as no process holds the
 * addresses then. If the old one only gave up, which it says (REFUSED) or which is seen because it lives, the new one
 * ends.
 */
@NullMarked
package dev.baton.runtime.upgrade;

import org.jspecify.annotations.NullMarked;
