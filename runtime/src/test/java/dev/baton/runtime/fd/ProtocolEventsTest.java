package dev.baton.runtime.fd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import dev.baton.runtime.posix.Posix;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the flight recorder sees of the protocol, once somebody has started it. */
class ProtocolEventsTest {
    private static final int NUMBER = 700;

    @TempDir
    Path folder;

    private final FdPollers pollers = mock(FdPollers.class);
    private final FdObservers observers = new FdObservers();
    private final FdTable table = new FdTable(mock(Posix.class), pollers, observers);

    @Test
    void shouldBeRecorded() throws Exception {
        when(pollers.closeRemoves()).thenReturn(true);
        try (Recording recording = new Recording()) {
            List.of("Takeover", "Orphan", "Close", "StaleEvent")
                    .forEach(name -> recording.enable("dev.baton." + name).withoutThreshold());
            recording.start();

            Fd fd = table.fdInsert(NUMBER, FdKind.DOWNSTREAM, "test", mock(FdHandler.class), 0);
            table.leave(fd);
            table.fdTakeover(fd, 1, 0); // holds a claim
            table.fdDelete(fd); // an orphan until that is given back
            table.leave(fd);
            observers.staleEvent();

            Map<String, RecordedEvent> events = stop(recording);
            assertThat(events).containsOnlyKeys("Takeover", "Orphan", "Close", "StaleEvent");
            RecordedEvent takeover = one(events, "Takeover");
            assertThat(takeover.getInt("fd")).isEqualTo(NUMBER);
            assertThat(takeover.getInt("generation")).isEqualTo(fd.generation());
            assertThat(takeover.getInt("victim")).isZero();
            assertThat(takeover.getInt("thief")).isEqualTo(1);
            assertThat(one(events, "Orphan").getInt("fd")).isEqualTo(NUMBER);
            RecordedEvent close = one(events, "Close");
            assertThat(close.getInt("fd")).isEqualTo(NUMBER);
            assertThat(close.getString("by")).isEqualTo("leaver");
        }
    }

    private Map<String, RecordedEvent> stop(Recording recording) throws Exception {
        recording.stop();
        Path file = folder.resolve("recording.jfr");
        recording.dump(file);
        return RecordingFile.readAllEvents(file).stream()
                .filter(each -> each.getEventType().getName().startsWith("dev.baton."))
                .filter(each -> !each.hasField("fd") || each.getInt("fd") == NUMBER)
                .collect(Collectors.toMap(
                        each -> each.getEventType().getName().substring("dev.baton.".length()),
                        each -> each)); // one of each, or it throws
    }

    private static RecordedEvent one(Map<String, RecordedEvent> events, String name) {
        return Objects.requireNonNull(events.get(name), name);
    }
}
