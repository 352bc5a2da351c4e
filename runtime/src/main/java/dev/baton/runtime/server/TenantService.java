package dev.baton.runtime.server;

import dev.baton.runtime.channel.MovableStreamChannel;
import dev.baton.runtime.lane.ServiceLane;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.service.Packed;
import dev.baton.spi.service.Service;

/** A service that has a lane, which is told of each connection. */
final class TenantService extends ForwardingService {
    private final ServiceLane lane;

    TenantService(Service service, ServiceLane lane) {
        super(service);
        this.lane = lane;
    }

    @Override
    public void initialize(MovableChannel connection, String listener) {
        arrived(connection);
        super.initialize(connection, listener);
    }

    @Override
    public void unpack(MovableChannel connection, String listener, Packed packed) {
        arrived(connection);
        packed.companions().forEach(this::arrived);
        super.unpack(connection, listener, packed);
    }

    private void arrived(MovableChannel connection) {
        if (connection instanceof MovableStreamChannel channel) {
            lane.arrived(channel);
        }
    }
}
