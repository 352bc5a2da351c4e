/** Listeners: one listening fd that a set of loops shares, its states, its connections, and how it ends. */
@NullMarked
package dev.baton.runtime.listener;

import org.jspecify.annotations.NullMarked;
