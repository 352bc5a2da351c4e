/** What an operator sees of the running process: snapshots of loops, fds, listeners, pools and plugins. */
@NullMarked
package dev.baton.runtime.view;

import org.jspecify.annotations.NullMarked;
