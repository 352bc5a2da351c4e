/** Measures how busy the loops are, and spreads the connections of one that is much busier than others. */
@NullMarked
package dev.baton.plugin.rebalance;

import org.jspecify.annotations.NullMarked;
