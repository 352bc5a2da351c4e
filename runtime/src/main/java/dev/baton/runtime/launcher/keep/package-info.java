/**
 * The parent process of {@code baton run --keep}: it starts the server, holds copies of its listening sockets, and
 * starts it again if it dies.
 *
 * <pre>
 * {@link dev.baton.runtime.launcher.keep.Keeper}         the process: signals, messages, ends of children
 * {@link dev.baton.runtime.launcher.keep.Notification}   what a server tells it, by the protocol of sd_notify(3)
 * {@link dev.baton.runtime.launcher.keep.Inbox}          which messages count
 * {@link dev.baton.runtime.launcher.keep.HeldSockets}    the sockets
 * {@link dev.baton.runtime.launcher.keep.ServingLine}    which processes serve: the newest, and those before it that drain
 * {@link dev.baton.runtime.launcher.keep.Restarts}       whether a server that has ended is started again, and when
 * </pre>
 *
 * <p>A server speaks to it as it does to systemd ({@link dev.baton.runtime.systemd.FdStore}), and knows it only by its
 * environment. Nothing that needs memory is used here: no log, no Netty, no jnr-posix, no command line parser, and of
 * the JDK little beyond strings and lists. One thread does everything; those of the JVM for signals wake it.
 */
@NullMarked
package dev.baton.runtime.launcher.keep;

import org.jspecify.annotations.NullMarked;
