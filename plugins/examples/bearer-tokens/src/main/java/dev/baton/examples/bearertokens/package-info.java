/** An HTTP filter that asks for bearer tokens. */
@NullMarked
package dev.baton.examples.bearertokens;

import org.jspecify.annotations.NullMarked;
