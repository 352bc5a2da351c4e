package dev.baton.testkit;

/** A group of a poller's promises. */
interface PollerPromises {

    /** What the test that runs now has to hand. */
    PollerRig rig();

    /** The most events that the poller reports in one turn. */
    int eventsMax();
}
