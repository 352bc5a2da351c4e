/** Faults to rehearse with: what blocks, spins, throws, leaks or is slow, on request and never by itself. */
@NullMarked
package dev.baton.plugin.chaos;

import org.jspecify.annotations.NullMarked;
