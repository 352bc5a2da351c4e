package dev.baton.runtime.channel;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.fd.FdWitness.PluginFailures;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.posix.Posix;

/**
 * What every channel needs of the runtime.
 *
 * @param table where its fd lives
 * @param posix its system calls
 * @param loops the loops by id
 * @param failures is told when a callback throws and nobody handles it
 */
public record ChannelEnv(FdTable table, Posix posix, LoopRegistry loops, PluginFailures failures) {}
