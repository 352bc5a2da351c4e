/** The system calls behind one small interface; the only user of jnr. */
@NullMarked
package dev.baton.runtime.posix;

import org.jspecify.annotations.NullMarked;
