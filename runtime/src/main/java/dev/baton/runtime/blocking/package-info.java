/** Code of plugins that may block: it runs on workers, while its connection waits for the result. */
@NullMarked
package dev.baton.runtime.blocking;

import org.jspecify.annotations.NullMarked;
