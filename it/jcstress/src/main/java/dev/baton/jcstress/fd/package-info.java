/** The fd table. */
@NullMarked
package dev.baton.jcstress.fd;

import org.jspecify.annotations.NullMarked;
