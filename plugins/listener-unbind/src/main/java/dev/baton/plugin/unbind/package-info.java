/** Unbinds listeners, at once or drained. */
@NullMarked
package dev.baton.plugin.unbind;

import org.jspecify.annotations.NullMarked;
