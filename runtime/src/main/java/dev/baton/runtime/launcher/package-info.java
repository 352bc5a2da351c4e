/**
 * Puts a process together from the configuration and the plugins, runs it, and ends it. Who types it is in
 * {@code command}.
 */
@NullMarked
package dev.baton.runtime.launcher;

import org.jspecify.annotations.NullMarked;
