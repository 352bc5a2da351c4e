/** What stands between the accepting of a connection and its service. */
@NullMarked
package dev.baton.spi.filter;

import org.jspecify.annotations.NullMarked;
