/**
 * A deterministic simulation of the runtime: the real table, loops, channels, listeners and pools, on real threads of
 * which one runs at a time, over a kernel in memory and a clock that moves when no thread can continue.
 *
 * <h2>Points</h2>
 *
 * A thread may be exchanged for another before each call of an SPI, and nowhere else. Such a point has a name, and an
 * argument where the call is about a number:
 *
 * <ul>
 *   <li>the method of {@code Posix}: {@code recv(7)}, {@code close(7)}, {@code epollCtl(7)}, {@code socket}; waiting in
 *       the kernel is {@code epollWait} or {@code pollWait}, and {@code poll.return} is when the events stand in memory
 *       and no thread has looked at them; {@code close.return} is when the number is free and its closer has not
 *       continued;
 *   <li>the method of {@code Poller}: {@code poll}, {@code add(7)}, {@code modify(7)}, {@code remove(7)},
 *       {@code wakeup}, and {@code ready(7)} before an event is dispatched;
 *   <li>the method of {@code FdHook}: {@code inserted(7)}, {@code takenOver(7)}, {@code orphaned(7)},
 *       {@code closed(7)}: the claim word has changed, what follows has not happened;
 *   <li>of the others on the network: {@code peer.send}, {@code peer.close} and so on;
 *   <li>{@code lock(name)} of a {@code SimLock}, and what a test calls {@code Simulation.point} with.
 * </ul>
 *
 * What lies between two points is atomic here; interleavings of single memory accesses are the business of models and
 * stress tests.
 *
 * <p>With {@code Simulation.holdUp} a thread stands still at any of these, as one that the kernel does not run, while
 * the others go on: what must not wait for it does not.
 *
 * <h2>Schedules</h2>
 *
 * {@code Exploration.explore} runs a race under random schedules, one a seed. When one fails it prints the seed and the
 * trace; {@code -Dseed=N} with {@code -Dtest=Class#method} gives the same run again, byte for byte.
 * {@code -Dsim.seeds=N} says how many, {@code -Dsim.first=N} from where.
 *
 * <p>{@code Simulation.run(String)} follows a script:
 *
 * <pre>
 *   script = step { " " step }
 *   step   = thread "@" point [ "(" argument ")" ] [ "*" count ]   that thread, and no other, runs until it stands before
 *                                                                  the point: for the count'th time from here on
 *          | thread "@end"                                         until it has ended, or waits and has nothing to do
 *          | "+" number "ms"                                       the clock moves; no thread runs
 * </pre>
 *
 * Loops are called {@code L0}, {@code L1} and so on. {@code L0@poll.return L1@end L0@end}: loop 0 fetches its events,
 * loop 1 does all it has to do, and only then loop 0 dispatches what it had fetched. A point without an argument fits
 * each of that name. A step is an arrival: a thread that stands at the point already leaves it first. A script that
 * does not fit (there is no such thread, or it waits or ends before it comes to the point) fails and says at which
 * step. After the last step everybody stays where they are, so that the test can look; {@code run()} lets them go on.
 */
@NullMarked
package dev.baton.testkit.sim;

import org.jspecify.annotations.NullMarked;
