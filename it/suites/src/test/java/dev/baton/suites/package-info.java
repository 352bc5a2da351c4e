/** Netty's own test suite on Baton's channels, and what is left out of it. */
@NullMarked
package dev.baton.suites;

import org.jspecify.annotations.NullMarked;
