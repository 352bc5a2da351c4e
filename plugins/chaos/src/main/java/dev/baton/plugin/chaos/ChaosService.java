package dev.baton.plugin.chaos;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.config.ServiceName;
import dev.baton.spi.service.Packed;
import dev.baton.spi.service.Packing;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import io.netty.buffer.ByteBuf;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * Passes connections on to another service, and is late where {@code chaos/delay} says so: when a connection is given
 * to the service, and when the service is asked to drain it, which an HTTP handler does not see. It speaks no protocol
 * itself.
 */
final class ChaosService implements Service {
    private final Service service;
    private final Delays delays;

    /**
     * The keys.
     *
     * @param service the one that its connections are for
     */
    record Settings(@ServiceName String service) {}

    /** Makes the services of type {@code chaos}. */
    static final class Factory implements ServiceFactory<Settings> {
        private final Delays delays;

        @Inject
        Factory(Delays delays) {
            this.delays = delays;
        }

        @Override
        public Service create(String name, Settings settings, ServiceContext context) {
            return new ChaosService(context.service(settings.service()), delays);
        }
    }

    ChaosService(Service service, Delays delays) {
        this.service = service;
        this.delays = delays;
    }

    @Override
    public void initialize(MovableChannel connection, String listener) {
        delays.pass(Point.SERVICE_INITIALIZE);
        service.initialize(connection, listener);
    }

    @Override
    public void drain(MovableChannel connection, Duration patience) {
        delays.pass(Point.SERVICE_DRAIN);
        service.drain(connection, patience);
    }

    @Override
    public long idleNanos(MovableChannel connection) {
        return service.idleNanos(connection);
    }

    @Override
    public List<String> protocols() {
        return service.protocols();
    }

    @Override
    public boolean giveUp(MovableChannel connection, Consumer<ByteBuf> taker) {
        return service.giveUp(connection, taker);
    }

    @Override
    public Packed pack(MovableChannel connection, Packing packing) {
        return service.pack(connection, packing);
    }

    @Override
    public boolean unpacks(byte[] state) {
        return service.unpacks(state);
    }

    @Override
    public void unpack(MovableChannel connection, String listener, Packed packed) {
        service.unpack(connection, listener, packed);
    }
}
