package dev.baton.runtime.fd;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.spi.fd.Fds;

/**
 * The fd table as one plugin sees it: what it inserts is its own, and it deletes nothing of others. Numbers are small
 * and generations begin at 0, so a plugin could guess the pair of every listener and poller.
 *
 * <p>The owner of a registration never changes, so that the look and the delete need not be one step: whatever happens
 * between the two makes the delete refuse a pair that is gone.
 */
public final class OwnedFds implements Fds {
    private final FdTable table;
    private final String plugin;

    /** The table for the plugin of this id. */
    public OwnedFds(FdTable table, String plugin) {
        this.table = table;
        this.plugin = plugin;
    }

    @Override
    public Fd fdInsert(int number, FdKind kind) {
        return table.fdInsert(number, kind, plugin);
    }

    @Override
    public boolean fdDelete(Fd fd) {
        String owner = table.plugin(fd);
        if (owner == null) {
            return false;
        }
        if (!owner.equals(plugin)) {
            throw new IllegalArgumentException(fd + " belongs to "
                    + (owner.equals(FdTable.RUNTIME) ? "the runtime" : "plugin " + owner) + ": plugin " + plugin
                    + " may delete only what it has inserted and the connections of its own services");
        }
        return table.fdDelete(fd);
    }
}
