/** A Netty channel whose fd may change loops: the claim, the queue, the takeover. */
@NullMarked
package dev.baton.spi.channel;

import org.jspecify.annotations.NullMarked;
