/** HTTP/2 (RFC 9113): a connection is one handler, each of its streams the client's end of one exchange. */
@NullMarked
package dev.baton.plugin.http.http2;

import org.jspecify.annotations.NullMarked;
