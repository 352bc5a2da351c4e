/** What may depend on what, and what must never be called: the arrows of Baton, checked on the compiled classes. */
@NullMarked
package dev.baton.it.architecture;

import org.jspecify.annotations.NullMarked;
