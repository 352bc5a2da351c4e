/** Benchmarks of what Baton promises to be cheap. */
@NullMarked
package dev.baton.bench;

import org.jspecify.annotations.NullMarked;
