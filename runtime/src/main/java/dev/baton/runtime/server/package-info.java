/**
 * A whole Baton.
 *
 * <pre>
 * Foundation    what there is before a configuration is read: fd table, metrics, plugins, what they can have injected
 * Assembly      makes loops, upstreams, services, listeners and components as the configuration says
 * Server        binds, serves and ends them
 * Lifetime      starting, ready, draining
 * Succession    the process before and the one after
 * </pre>
 */
@NullMarked
package dev.baton.runtime.server;

import org.jspecify.annotations.NullMarked;
