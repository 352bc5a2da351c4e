package dev.baton.embed;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import jakarta.inject.Inject;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The service behind {@link Baton#listen}: what the program does with the connections of each listener. */
final class Setups implements Plugin {
    /** Of the plugin, of the type of the service and of the service. */
    static final String NAME = "embedder";

    private final Map<String, ChannelSetup> byListener = new ConcurrentHashMap<>();

    /** False if the listener has one already. */
    boolean put(String listener, ChannelSetup setup) {
        return byListener.putIfAbsent(listener, setup) == null;
    }

    void remove(String listener, ChannelSetup setup) {
        byListener.remove(listener, setup);
    }

    @Override
    public void configure(PluginBinder binder) {
        binder.guice().bind(Setups.class).toInstance(this);
        binder.service(NAME, NoKeys.class, Factory.class);
    }

    /** The service has none. */
    record NoKeys() {}

    /** Makes the one service. */
    static final class Factory implements ServiceFactory<NoKeys> {
        private final Setups setups;

        @Inject
        Factory(Setups setups) {
            this.setups = setups;
        }

        @Override
        public Service create(String name, NoKeys config, ServiceContext context) {
            return setups::initialize;
        }
    }

    private void initialize(MovableChannel connection, String listener) {
        ChannelSetup setup = byListener.get(listener);
        if (setup == null) {
            connection.close(); // accepted while its listener ends
            return;
        }
        try {
            setup.initialize(connection);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException("the setup of a connection of listener " + listener + " threw", e);
        }
    }
}
