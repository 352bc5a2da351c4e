/** The configuration: a file becomes a tree with positions, the tree becomes records, and every error has its place. */
@NullMarked
package dev.baton.runtime.config;

import org.jspecify.annotations.NullMarked;
