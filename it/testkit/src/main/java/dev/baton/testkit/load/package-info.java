/** Many clients and an origin, each of one thread, that know what every answer must be. */
@NullMarked
package dev.baton.testkit.load;

import org.jspecify.annotations.NullMarked;
