/** Vert.x on the loops: contexts, futures, HTTP and every application that is written for it. */
@NullMarked
package dev.baton.runtime.vertx;

import org.jspecify.annotations.NullMarked;
