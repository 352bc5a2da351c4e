/** Shares idle upstream connections between loops by takeover. */
@NullMarked
package dev.baton.plugin.takeover;

import org.jspecify.annotations.NullMarked;
