/** The beginnings of plugins: projects that build, with tests, from the templates among the resources. */
@NullMarked
package dev.baton.runtime.launcher.scaffold;

import org.jspecify.annotations.NullMarked;
