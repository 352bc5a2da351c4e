package dev.baton.plugin.rebalance;

import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** An episode in the JDK's flight recorder. */
@Name("dev.baton.LoopRebalance")
@Label("Rebalancing")
@Category("Baton")
@StackTrace(false)
final class RebalanceEvent extends Event {
    @Label("Hottest loop when it began")
    int loop;

    @Label("Duration of the moves and measurements")
    @Timespan(Timespan.NANOSECONDS)
    long nanos;

    @Label("Connections moved")
    int moved;

    @Label("Moves refused")
    int refused;
}
