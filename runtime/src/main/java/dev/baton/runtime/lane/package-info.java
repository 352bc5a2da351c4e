/**
 * Loops of a service's own, for as long as it takes more processor time than it should: measuring services, and moving
 * their connections to those loops and back.
 */
@NullMarked
package dev.baton.runtime.lane;

import org.jspecify.annotations.NullMarked;
