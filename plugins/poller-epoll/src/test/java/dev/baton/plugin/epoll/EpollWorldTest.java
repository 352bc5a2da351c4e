package dev.baton.plugin.epoll;

import dev.baton.testkit.world.PollerInEachWorld;

/** Loops that wait by epoll. */
class EpollWorldTest extends PollerInEachWorld {
    EpollWorldTest() {
        super(EpollPlugin.class, "epoll");
    }
}
