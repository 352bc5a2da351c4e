/** Waits for events with epoll(7), edge-triggered. */
@NullMarked
package dev.baton.plugin.epoll;

import org.jspecify.annotations.NullMarked;
