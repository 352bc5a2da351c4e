package dev.baton.runtime.upstream;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/** The servers of one service, by the SRV records of its name (RFC 2782). Any thread. */
final class ServiceName extends LookedUpName<SrvRecord> {

    ServiceName(String name, HostNames names) {
        super(name, names);
    }

    @Override
    void lookUp(Flight outcome) {
        names().lookup().lookUpService(toString(), new HostLookup.ServiceReply() {
            @Override
            public void found(List<SrvRecord> servers, Map<String, HostLookup.Enclosed> hosts, Duration valid) {
                outcome.answered(() -> learn(servers, hosts), valid);
            }

            @Override
            public void failed(String why, boolean noSuchName) {
                outcome.failed(why, noSuchName);
            }
        });
    }

    private void learn(List<SrvRecord> servers, Map<String, HostLookup.Enclosed> hosts) {
        names().enclosed(hosts);
        try {
            // RFC 2782: the target "." says that the service is decidedly not available here.
            learn(servers.stream().filter(each -> !each.target().isEmpty()).toList());
        } finally {
            names().forgetEnclosed(hosts);
        }
    }

    @Override
    int max() {
        return UpstreamGroup.SERVERS_MAX;
    }

    @Override
    String what() {
        return "servers";
    }

    @Override
    String text(SrvRecord one) {
        return one.address() + " (priority " + one.priority() + ", weight " + one.weight() + ')';
    }
}
