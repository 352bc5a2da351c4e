/** Standard output and error of a process that serves: code that prints or logs never waits for the reader. */
@NullMarked
package dev.baton.runtime.output;

import org.jspecify.annotations.NullMarked;
