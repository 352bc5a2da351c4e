package dev.baton.runtime.server;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.service.Packed;
import dev.baton.spi.service.Packing;
import dev.baton.spi.service.Service;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/** A service that stands for another and does what that does. A test looks that nothing is forgotten here. */
abstract class ForwardingService implements Service {
    private final Service service;

    ForwardingService(Service service) {
        this.service = service;
    }

    /** What it stands for. */
    final Service behind() {
        return service;
    }

    @Override
    public void initialize(MovableChannel connection, String listener) {
        service.initialize(connection, listener);
    }

    @Override
    public void drain(MovableChannel connection, Duration patience) {
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

    @Override
    public void close() {
        service.close();
    }

    @Override
    public String toString() {
        return service.toString();
    }
}
