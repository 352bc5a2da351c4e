/** The command line: what a user types, and what it prints. */
@NullMarked
package dev.baton.runtime.launcher.command;

import org.jspecify.annotations.NullMarked;
