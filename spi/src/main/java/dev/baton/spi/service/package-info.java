/** What speaks on accepted connections, and what it is given to do so. */
@NullMarked
package dev.baton.spi.service;

import org.jspecify.annotations.NullMarked;
