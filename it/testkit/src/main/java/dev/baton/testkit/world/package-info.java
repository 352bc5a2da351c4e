/**
 * A plugin in two worlds: a test that is written once runs under the schedules of the simulation, and on a real runtime
 * on free ports of the loopback address. {@link dev.baton.testkit.world.InEachWorld} has a complete example.
 *
 * <p>Both worlds run the server of the launcher, with the plugin loaded as the loader does it and configured by the
 * text that a user would write. What differs is what is below it: the kernel, the time and the threads.
 *
 * <p>After each run, in both worlds: the connections that clients have left have ended; every fd was closed, once, and
 * by the table; no number that a system call gave is still open; there is no orphan; channels' buffers were given back;
 * nothing was logged as an error, and no plugin's callback threw.
 */
@NullMarked
package dev.baton.testkit.world;

import org.jspecify.annotations.NullMarked;
