/**
 * What a plugin may ask of the kernel: polling and socket calls, the constants they take, the errors they give, and
 * memory with an address.
 *
 * <p>Every call returns its value, or minus the error number ({@link dev.baton.spi.posix.Errno}); expected outcomes
 * such as {@code -EAGAIN} cost no exception. Closing is not among the calls: an fd dies through the fd table alone.
 */
@NullMarked
package dev.baton.spi.posix;

import org.jspecify.annotations.NullMarked;
