/** What a service of type {@code http} can be told in the configuration. */
@NullMarked
package dev.baton.plugin.http.config;

import org.jspecify.annotations.NullMarked;
