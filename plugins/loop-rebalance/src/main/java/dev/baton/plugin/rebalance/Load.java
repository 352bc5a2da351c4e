package dev.baton.plugin.rebalance;

import dev.baton.spi.loop.Loop;

/**
 * How busy a loop was, on the average of a time.
 *
 * @param loop the loop
 * @param avoided it was blocked, or about to go, at one of the looks: nothing is given to it nor taken from it
 * @param busy the share of one processor that it has had, from 0 to about 1
 * @param events events of its poller in that time
 */
record Load(Loop loop, boolean avoided, double busy, long events) {

    /** For a person. */
    String words() {
        return "loop " + loop.id() + " " + Math.round(busy * 100) + "%";
    }
}
