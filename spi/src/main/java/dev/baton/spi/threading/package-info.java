/** Annotations that say which thread may call a method. */
@NullMarked
package dev.baton.spi.threading;

import org.jspecify.annotations.NullMarked;
