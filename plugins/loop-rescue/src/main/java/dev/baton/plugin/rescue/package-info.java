/** Watches whether the loops turn, and has the connections of one that is blocked taken over. */
@NullMarked
package dev.baton.plugin.rescue;

import org.jspecify.annotations.NullMarked;
