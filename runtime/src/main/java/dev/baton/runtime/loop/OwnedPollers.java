package dev.baton.runtime.loop;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.fd.OwnedFds;
import dev.baton.spi.poller.Poller;
import dev.baton.spi.poller.PollerContext;
import dev.baton.spi.poller.PollerProvider;
import java.io.IOException;
import java.util.Optional;

/**
 * A plugin's pollers, which reach no fds but their own.
 *
 * @param provider the plugin's
 * @param plugin its id
 * @param table where their fds are
 */
public record OwnedPollers(PollerProvider provider, String plugin, FdTable table) implements PollerProvider {

    @Override
    public int preference() {
        return provider.preference();
    }

    @Override
    public Optional<String> unavailable() {
        return provider.unavailable();
    }

    @Override
    public Poller open(PollerContext context) throws IOException {
        return provider.open(new PollerContext(context.calls(), new OwnedFds(table, plugin), context.loop()));
    }
}
