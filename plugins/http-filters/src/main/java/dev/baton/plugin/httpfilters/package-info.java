/** Filters for HTTP requests and their responses, each in a class or two of its own. */
@NullMarked
package dev.baton.plugin.httpfilters;

import org.jspecify.annotations.NullMarked;
