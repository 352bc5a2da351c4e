/** What plugins that speak HTTP have in common. */
@NullMarked
package dev.baton.spi.http;

import org.jspecify.annotations.NullMarked;
