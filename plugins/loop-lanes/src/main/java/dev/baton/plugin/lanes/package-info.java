/** Gives services that take too much processor time loops of their own, and takes those back. */
@NullMarked
package dev.baton.plugin.lanes;

import org.jspecify.annotations.NullMarked;
