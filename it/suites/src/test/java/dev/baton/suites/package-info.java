/** The test suites of Netty and Vert.x on Baton, and what is left out of them. */
@NullMarked
package dev.baton.suites;

import org.jspecify.annotations.NullMarked;
