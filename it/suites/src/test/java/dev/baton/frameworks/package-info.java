/** Frameworks that stand on Netty or on Vert.x, each on Baton's loops, with a short exchange. */
@NullMarked
package dev.baton.frameworks;

import org.jspecify.annotations.NullMarked;
