/** The loops: Netty event loops that run a poller and dispatch its events through the fd table. */
@NullMarked
package dev.baton.runtime.loop;

import org.jspecify.annotations.NullMarked;
