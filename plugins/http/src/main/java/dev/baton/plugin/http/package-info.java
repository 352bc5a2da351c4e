/** An HTTP/1.0 and 1.1 reverse proxy. */
@NullMarked
package dev.baton.plugin.http;

import org.jspecify.annotations.NullMarked;
