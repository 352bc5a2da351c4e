/**
 * The fd table: one claim word for each fd, the operations on it, and the only caller of close(2). Knows nothing of
 * channels, listeners or pollers beyond two small seams.
 */
@NullMarked
package dev.baton.runtime.fd;

import org.jspecify.annotations.NullMarked;
