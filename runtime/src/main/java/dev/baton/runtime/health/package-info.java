/** Active checks: asking servers, over and over, whether they can serve. */
@NullMarked
package dev.baton.runtime.health;

import org.jspecify.annotations.NullMarked;
