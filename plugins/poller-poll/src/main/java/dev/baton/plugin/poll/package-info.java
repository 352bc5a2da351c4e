/** Waits for events with poll(2), which every Unix has. */
@NullMarked
package dev.baton.plugin.poll;

import org.jspecify.annotations.NullMarked;
