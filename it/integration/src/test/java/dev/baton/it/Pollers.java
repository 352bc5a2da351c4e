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
        return switch (name) {
            case "epoll" -> new EpollProvider();
            case "poll" -> new PollProvider();
            default -> throw new IllegalArgumentException("-Dpoller=" + name + ": there are epoll and poll");
        };
    }

    /** True for a provider of the chosen kind. */
    public static boolean isChosen(PollerProvider provider) {
        return provider.getClass() == chosen().getClass();
    }
}
