/** Counts file descriptors: a hook, a view, metrics and an action. */
@NullMarked
package dev.baton.examples.fdcensus;

import org.jspecify.annotations.NullMarked;
