/** Who asks the admin API, and what they may do. */
@NullMarked
package dev.baton.plugin.admin.access;

import org.jspecify.annotations.NullMarked;
