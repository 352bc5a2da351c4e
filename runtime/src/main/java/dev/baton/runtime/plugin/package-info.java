/**
 * Finds plugins, checks them before any class is loaded, loads each in a class loader of its own and keeps what they
 * bring.
 */
@NullMarked
package dev.baton.runtime.plugin;

import org.jspecify.annotations.NullMarked;
