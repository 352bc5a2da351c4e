package __package__;

import dev.baton.spi.Configured;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.config.AddressSet;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.filter.ConnectionFilter;
import dev.baton.spi.filter.Next;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lets in the clients of one network. One for each place in the configuration that names it. */
final class __Name__ConnectionFilter implements ConnectionFilter {
    private final AddressSet network;

    /**
     * The keys of the configuration.
     *
     * @param network whose clients may come, for example {@code 10.0.0.0/8}
     */
    record Keys(@Default("127.0.0.0/8") String network) {
        Keys {
            try {
                AddressSet.check(network);
            } catch (IllegalArgumentException e) {
                throw new WrongValueException("network", String.valueOf(e.getMessage()));
            }
        }
    }

    /** Makes a filter; opens nothing, because {@code baton check} calls it too. */
    static final class Factory implements Configured<Keys, ConnectionFilter> {
        @Override
        public ConnectionFilter create(Keys keys) {
            return new __Name__ConnectionFilter(keys);
        }
    }

    __Name__ConnectionFilter(Keys keys) {
        this.network = AddressSet.of(List.of(keys.network()));
    }

    @Override
    public void accepted(MovableChannel connection, Next next) {
        if (admits(connection.clientAddress())) {
            next.proceed();
        } else {
            next.refuse("it comes from another network");
        }
    }

    /** Null, or no address of the internet: a client of a unix socket. */
    boolean admits(@Nullable SocketAddress client) {
        return client instanceof InetSocketAddress inet && network.contains(inet.getAddress());
    }
}
