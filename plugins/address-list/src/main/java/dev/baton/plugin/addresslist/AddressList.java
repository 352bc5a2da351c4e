package dev.baton.plugin.addresslist;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.config.AddressSet;
import dev.baton.spi.filter.ConnectionFilter;
import dev.baton.spi.filter.Next;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * Looks a client's address up, as filters before this one have found it out. A client without an internet address, for
 * example one of a unix socket, passes only where no network is named that is allowed.
 */
final class AddressList implements ConnectionFilter {
    private final AddressSet allow;
    private final AddressSet deny;

    AddressList(AddressSet allow, AddressSet deny) {
        this.allow = allow;
        this.deny = deny;
    }

    @Override
    public void accepted(MovableChannel connection, Next next) {
        InetAddress client = connection.clientAddress() instanceof InetSocketAddress inet ? inet.getAddress() : null;
        if (client != null && deny.contains(client)) {
            next.refuse("its address is denied");
        } else if (allow.isEmpty() || (client != null && allow.contains(client))) {
            next.proceed();
        } else {
            next.refuse("its address is not allowed");
        }
    }
}
