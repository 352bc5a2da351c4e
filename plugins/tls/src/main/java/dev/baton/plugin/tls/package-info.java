/** Speaks TLS with clients. */
@NullMarked
package dev.baton.plugin.tls;

import org.jspecify.annotations.NullMarked;
