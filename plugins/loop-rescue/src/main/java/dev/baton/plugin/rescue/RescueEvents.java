package dev.baton.plugin.rescue;

import dev.baton.spi.loop.RunningFd;
import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/**
 * Blocked loops and rescues in the JDK's flight recorder. Where it has not been started, it stays so: that takes 0.1 s,
 * for which the watchdog would look at no loop.
 */
final class RescueEvents {
    private RescueEvents() {}

    @Name("dev.baton.LoopBlocked")
    @Label("Blocked loop")
    @Category("Baton")
    @StackTrace(false)
    static final class LoopBlocked extends Event {
        int loop;

        @Label("Fd, or -1")
        int fd;

        int generation;
        String plugin = "";
        String callback = "";

        @Label("Stack of the loop")
        String stack = "";
    }

    @Name("dev.baton.LoopRescue")
    @Label("Rescue")
    @Category("Baton")
    @StackTrace(false)
    static final class LoopRescue extends Event {
        int loop;

        @Label("Blocked for")
        @Timespan(Timespan.NANOSECONDS)
        long blockedNanos;

        @Label("Connections taken over")
        int taken;
    }

    static void blocked(BlockedIn what) {
        if (!FlightRecorder.isInitialized()) {
            return;
        }
        LoopBlocked event = new LoopBlocked();
        RunningFd first = what.first();
        event.loop = what.loop();
        event.fd = first == null ? -1 : first.fd().number();
        event.generation = first == null ? 0 : first.fd().generation();
        event.plugin = what.plugin();
        event.callback = what.callback();
        event.stack = what.stackLines();
        event.commit();
    }

    static void over(int loop, long nanos, int taken) {
        if (!FlightRecorder.isInitialized()) {
            return;
        }
        LoopRescue event = new LoopRescue();
        event.loop = loop;
        event.blockedNanos = nanos;
        event.taken = taken;
        event.commit();
    }
}
