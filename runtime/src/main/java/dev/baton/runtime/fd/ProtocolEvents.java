package dev.baton.runtime.fd;

import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.Fd;
import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** The protocol's events in the JDK's flight recorder. Cost while nothing records: one static read. */
final class ProtocolEvents {
    private ProtocolEvents() {}

    @Name("dev.baton.Takeover")
    @Label("Takeover")
    @Category("Baton")
    @StackTrace(false)
    static final class Takeover extends Event {
        int fd;
        int generation;
        int victim;
        int thief;
    }

    @Name("dev.baton.Orphan")
    @Label("Orphaned fd")
    @Category("Baton")
    static final class Orphan extends Event {
        int fd;
        int generation;
    }

    @Name("dev.baton.Close")
    @Label("Closed fd")
    @Category("Baton")
    @StackTrace(false)
    static final class Close extends Event {
        int fd;
        int generation;

        @Label("Closed by")
        String by = "";
    }

    @Name("dev.baton.StaleEvent")
    @Label("Stale poller event")
    @Category("Baton")
    @StackTrace(false)
    static final class Stale extends Event {}

    static void takeover(Fd fd, int victim, int thief) {
        if (FlightRecorder.isInitialized()) {
            Takeover event = new Takeover();
            event.fd = fd.number();
            event.generation = fd.generation();
            event.victim = victim;
            event.thief = thief;
            event.commit();
        }
    }

    static void orphan(Fd fd) {
        if (FlightRecorder.isInitialized()) {
            Orphan event = new Orphan();
            event.fd = fd.number();
            event.generation = fd.generation();
            event.commit();
        }
    }

    static void close(Fd fd, ClosedBy by) {
        if (FlightRecorder.isInitialized()) {
            Close event = new Close();
            event.fd = fd.number();
            event.generation = fd.generation();
            event.by = by.word();
            event.commit();
        }
    }

    static void stale() {
        if (FlightRecorder.isInitialized()) {
            new Stale().commit();
        }
    }
}
