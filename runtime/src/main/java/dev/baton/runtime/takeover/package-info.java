/** Taking the connections of one loop over as a whole: it is blocked, or dead, or it is to go. */
@NullMarked
package dev.baton.runtime.takeover;

import org.jspecify.annotations.NullMarked;
