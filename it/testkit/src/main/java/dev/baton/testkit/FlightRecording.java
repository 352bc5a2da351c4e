package dev.baton.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

/** What the JDK's flight recorder gets to see of some kinds of events, from the making of this on. For one thread. */
public final class FlightRecording implements AutoCloseable {
    private final Recording recording = new Recording();

    private FlightRecording() {}

    /**
     * Begins to record.
     *
     * @param names of events, as {@code dev.baton.Close}; they may be unknown yet
     */
    public static FlightRecording of(String... names) {
        FlightRecording made = new FlightRecording();
        for (String name : names) {
            made.recording.enable(name).withoutThreshold();
        }
        made.recording.start();
        return made;
    }

    /** Ends the recording; what was recorded, in its order. */
    public List<RecordedEvent> events() throws IOException {
        recording.stop();
        Path file = Files.createTempFile("recording", ".jfr");
        try {
            recording.dump(file);
            return RecordingFile.readAllEvents(file).stream()
                    .filter(each -> each.getEventType().getName().startsWith("dev.baton."))
                    .sorted(Comparator.comparing(RecordedEvent::getStartTime))
                    .toList();
        } finally {
            Files.delete(file);
        }
    }

    @Override
    public void close() {
        recording.close();
    }
}
