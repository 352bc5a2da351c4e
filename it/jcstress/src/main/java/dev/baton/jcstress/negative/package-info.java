/** What must be found wrong, so that finding nothing elsewhere means something. */
@NullMarked
package dev.baton.jcstress.negative;

import org.jspecify.annotations.NullMarked;
