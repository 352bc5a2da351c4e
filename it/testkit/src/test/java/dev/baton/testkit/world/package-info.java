/** The worlds, on plugins that are right and on plugins that are not. */
@NullMarked
package dev.baton.testkit.world;

import org.jspecify.annotations.NullMarked;
