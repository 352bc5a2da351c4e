package dev.baton.plugin.poll;

import dev.baton.testkit.world.PollerInEachWorld;

/** Loops that wait by poll. */
class PollWorldTest extends PollerInEachWorld {
    PollWorldTest() {
        super(PollPlugin.class, "poll");
    }
}
