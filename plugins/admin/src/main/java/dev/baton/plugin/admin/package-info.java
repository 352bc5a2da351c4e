/** The admin API, an HTTP server on Vert.x. */
@NullMarked
package dev.baton.plugin.admin;

import org.jspecify.annotations.NullMarked;
