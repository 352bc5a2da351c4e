/** Types and annotations of the records that plugins bind their configuration to. */
@NullMarked
package dev.baton.spi.config;

import org.jspecify.annotations.NullMarked;
