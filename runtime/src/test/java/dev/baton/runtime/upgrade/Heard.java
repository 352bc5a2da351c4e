package dev.baton.runtime.upgrade;

import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;

/** Notes what the new process says. */
final class Heard implements Giver.Hearing {
    final List<String> listeners = new ArrayList<>();
    final List<SocketAddress> servers = new ArrayList<>();
    final List<String> parcels = new ArrayList<>();

    @Override
    public void dropped(List<String> names, List<SocketAddress> addresses) {
        listeners.addAll(names);
        servers.addAll(addresses);
    }

    @Override
    public void taken(long parcel) {
        parcels.add("taken " + parcel);
    }

    @Override
    public void returned(long parcel, String why) {
        parcels.add("returned " + parcel + ": " + why);
    }
}
