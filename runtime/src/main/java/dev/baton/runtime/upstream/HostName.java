package dev.baton.runtime.upstream;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;

/** The addresses of one host name. Any thread. */
final class HostName extends LookedUpName<InetAddress> {
    /** Addresses that are used. */
    static final int ADDRESSES_MAX = 64;

    /** Those that have asked {@link HostNames#name} for it, which guards this. */
    int users;

    HostName(String host, HostNames names) {
        super(host, names);
    }

    @Override
    void lookUp(Flight outcome) {
        names().lookup().lookUp(toString(), new HostLookup.Reply() {
            @Override
            public void found(List<InetAddress> addresses, Duration valid) {
                outcome.answered(() -> learn(addresses), valid);
            }

            @Override
            public void failed(String why, boolean noSuchName) {
                outcome.failed(why, noSuchName);
            }
        });
    }

    @Override
    int max() {
        return ADDRESSES_MAX;
    }

    @Override
    String what() {
        return "addresses";
    }

    @Override
    String text(InetAddress one) {
        return one.getHostAddress();
    }
}
