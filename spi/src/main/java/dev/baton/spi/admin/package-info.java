/** Snapshots of the running process, and additional views of plugins. */
@NullMarked
package dev.baton.spi.admin;

import org.jspecify.annotations.NullMarked;
