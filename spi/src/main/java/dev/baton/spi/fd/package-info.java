/** The pair that names an fd, what kind it is, and the hooks of its life: inserted, taken over, orphaned, closed. */
@NullMarked
package dev.baton.spi.fd;

import org.jspecify.annotations.NullMarked;
