/** Listening sockets: how a kind opens one, their states, and how a strategy unbinds them. */
@NullMarked
package dev.baton.spi.listener;

import org.jspecify.annotations.NullMarked;
