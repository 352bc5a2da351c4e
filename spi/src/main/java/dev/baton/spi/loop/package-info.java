/**
 * The loops: what a plugin can run on them, how busy each is, which of them do not turn, and how their connections get
 * to others.
 */
@NullMarked
package dev.baton.spi.loop;

import org.jspecify.annotations.NullMarked;
