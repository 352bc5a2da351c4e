/** A listener on the first free port of a range. */
@NullMarked
package dev.baton.examples.portrange;

import org.jspecify.annotations.NullMarked;
