package dev.baton.it;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.plugin.poll.PollProvider;
import dev.baton.spi.poller.PollerProvider;
import java.util.stream.Stream;

/** The pollers on which an integration test can run. */
public final class Pollers {
    private Pollers() {}

    /** For tests that run on each. */
    public static Stream<PollerProvider> all() {
        return Stream.of(new EpollProvider(), new PollProvider());
    }

    /** For long tests that run on one: epoll, or what {@code -Dpoller=poll} says. */
    public static PollerProvider chosen() {
        String name = System.getProperty("poller", "epoll");
        return all().filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("-Dpoller=" + name + ": there are epoll and poll"));
    }
}
