/** Ways to choose the server of a request. */
@NullMarked
package dev.baton.plugin.balancers;

import org.jspecify.annotations.NullMarked;
