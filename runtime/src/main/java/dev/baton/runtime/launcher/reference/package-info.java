/** The reference of an installation, as Markdown: written from what the code says, not by hand. */
@NullMarked
package dev.baton.runtime.launcher.reference;

import org.jspecify.annotations.NullMarked;
