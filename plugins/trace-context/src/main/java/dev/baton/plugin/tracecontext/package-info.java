/** The W3C's trace context of HTTP requests, and their spans. */
@NullMarked
package dev.baton.plugin.tracecontext;

import org.jspecify.annotations.NullMarked;
