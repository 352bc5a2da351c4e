/** The HTTP origin of the built-in demo. */
@NullMarked
package dev.baton.plugin.demoorigin;

import org.jspecify.annotations.NullMarked;
