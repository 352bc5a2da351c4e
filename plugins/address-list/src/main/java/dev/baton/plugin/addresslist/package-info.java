/** Allows and refuses clients by their addresses. */
@NullMarked
package dev.baton.plugin.addresslist;

import org.jspecify.annotations.NullMarked;
