/**
 * Game days: a fault or a change is brought about in a running process, while clients of this command talk to its
 * listeners and count what they see. A {@code Rehearsal} causes it, {@code Clients} count, and a {@code Verdict} says
 * what came of it.
 *
 * <p>The clients are plain Netty clients over the JDK's sockets, and share nothing with the process: they see what any
 * client sees.
 */
@NullMarked
package dev.baton.runtime.launcher.rehearsal;

import org.jspecify.annotations.NullMarked;
