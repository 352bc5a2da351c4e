/**
 * Taking over the connections of one loop: all of them if it is blocked, or dead, or to go; some if it has too much to
 * do.
 */
@NullMarked
package dev.baton.runtime.takeover;

import org.jspecify.annotations.NullMarked;
