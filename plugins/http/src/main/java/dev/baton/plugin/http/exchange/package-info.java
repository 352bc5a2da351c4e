/**
 * An exchange on its way, whatever version of HTTP its client and its server speak: its route, its filters and
 * handlers, its server. {@code Downstream} is the client's end, {@code UpstreamEnd} the server's; nothing here knows a
 * codec.
 */
@NullMarked
package dev.baton.plugin.http.exchange;

import org.jspecify.annotations.NullMarked;
