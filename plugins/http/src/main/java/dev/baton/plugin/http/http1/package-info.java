/** HTTP/1: reads and writes for the two ends of an exchange. */
@NullMarked
package dev.baton.plugin.http.http1;

import org.jspecify.annotations.NullMarked;
