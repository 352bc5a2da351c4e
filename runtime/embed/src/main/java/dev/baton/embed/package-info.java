/**
 * Baton inside another program: {@link dev.baton.embed.Baton} starts loops whose connections can move, for Netty's
 * bootstraps, for Vert.x, and for a whole server by a configuration.
 */
@NullMarked
package dev.baton.embed;

import org.jspecify.annotations.NullMarked;
