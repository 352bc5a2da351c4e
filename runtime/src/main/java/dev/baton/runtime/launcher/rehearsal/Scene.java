package dev.baton.runtime.launcher.rehearsal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What a rehearsal works with while it is played. On its thread. */
final class Scene {
    private final ServedProcess process;
    private final Wishes wishes;
    private final Clients clients;
    private final List<String> events = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();

    Scene(ServedProcess process, Wishes wishes, Clients clients) {
        this.process = process;
        this.wishes = wishes;
        this.clients = clients;
    }

    ServedProcess process() {
        return process;
    }

    Wishes wishes() {
        return wishes;
    }

    /** The clients, to which others can be added that do not count. */
    Clients clients() {
        return clients;
    }

    /** Something has happened: a line of the report. */
    void tell(String event) {
        events.add(event);
    }

    /** The process has not done what it should: a reason not to pass. */
    void fail(String reason) {
        failures.add(reason);
    }

    /** Lets time pass. */
    void sleep(Duration time) {
        try {
            TimeUnit.NANOSECONDS.sleep(time.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            fail("the rehearsal was interrupted");
        }
    }

    List<String> events() {
        return events;
    }

    List<String> failures() {
        return failures;
    }

    /** A time in a sentence: {@code 4.3 s}. */
    static String seconds(long millis) {
        return millis / 1_000 + "." + millis % 1_000 / 100 + " s";
    }
}
