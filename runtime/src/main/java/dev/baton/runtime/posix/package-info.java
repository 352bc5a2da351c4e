/**
 * Every native call of the project, behind {@link dev.baton.runtime.posix.Posix}; the only package that knows jnr.
 *
 * <p>Nothing else may close an fd than the fd table, which calls {@link dev.baton.runtime.posix.Posix#close}.
 */
@NullMarked
package dev.baton.runtime.posix;

import org.jspecify.annotations.NullMarked;
