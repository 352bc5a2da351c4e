/** Listens on sockets that the process got when it was started: by number, or by name from systemd. */
@NullMarked
package dev.baton.plugin.inherited;

import org.jspecify.annotations.NullMarked;
