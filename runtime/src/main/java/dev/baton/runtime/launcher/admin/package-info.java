/** A running process seen from outside: where its admin API is, and what it answers there. */
@NullMarked
package dev.baton.runtime.launcher.admin;

import org.jspecify.annotations.NullMarked;
