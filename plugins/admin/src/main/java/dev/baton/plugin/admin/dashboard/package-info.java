/**
 * The dashboard: the files of the page, and what it is sent while it is open. The page itself, a few modules of
 * JavaScript, stands in the folder of the same name under {@code resources}; its libraries are put beside it by the
 * build.
 *
 * <p>Knows nothing of HTTP but the types of the files; {@code dev.baton.plugin.admin.Dashboard} serves it.
 */
@NullMarked
package dev.baton.plugin.admin.dashboard;

import org.jspecify.annotations.NullMarked;
