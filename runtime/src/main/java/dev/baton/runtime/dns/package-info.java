/**
 * The DNS client for the names of upstream servers and services, and the files of the machine that say how it looks
 * names up.
 */
@NullMarked
package dev.baton.runtime.dns;

import org.jspecify.annotations.NullMarked;
