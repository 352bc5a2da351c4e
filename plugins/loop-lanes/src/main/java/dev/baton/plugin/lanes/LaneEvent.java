package dev.baton.plugin.lanes;

import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A lane that opens or closes, in the JDK's flight recorder. */
@Name("dev.baton.Lane")
@Label("Lane of a service")
@Category("Baton")
@StackTrace(false)
final class LaneEvent extends Event {
    String service = "";

    @Label("Open from now on")
    boolean open;

    @Label("Loops of its own")
    int loops;

    static void changed(String service, boolean open, int loops) {
        LaneEvent event = new LaneEvent();
        event.service = service;
        event.open = open;
        event.loops = loops;
        event.commit();
    }
}
