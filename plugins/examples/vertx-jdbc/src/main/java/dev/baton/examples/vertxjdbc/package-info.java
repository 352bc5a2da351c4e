/** An example: an application of Vert.x, with vertx-web and JDBC, as a plugin. */
@NullMarked
package dev.baton.examples.vertxjdbc;

import org.jspecify.annotations.NullMarked;
