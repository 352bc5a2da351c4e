/** The access log: lines are made on the loops, and written by a thread for each file. */
@NullMarked
package dev.baton.plugin.httpfilters.log;

import org.jspecify.annotations.NullMarked;
