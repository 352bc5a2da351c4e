/** What a service of systemd tells its manager: sd_notify(3) and the watchdog. */
@NullMarked
package dev.baton.runtime.systemd;

import org.jspecify.annotations.NullMarked;
