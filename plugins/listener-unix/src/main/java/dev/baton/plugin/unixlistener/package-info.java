/** Unix sockets, by path or by abstract name. */
@NullMarked
package dev.baton.plugin.unixlistener;

import org.jspecify.annotations.NullMarked;
