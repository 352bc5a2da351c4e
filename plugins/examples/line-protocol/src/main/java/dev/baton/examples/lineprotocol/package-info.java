/** A service with a protocol of lines and keys of its own. */
@NullMarked
package dev.baton.examples.lineprotocol;

import org.jspecify.annotations.NullMarked;
