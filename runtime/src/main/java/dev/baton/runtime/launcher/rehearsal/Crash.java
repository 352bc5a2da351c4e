package dev.baton.runtime.launcher.rehearsal;

import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The process ends at once; its listening sockets live on, and who keeps them has to start it again. */
final class Crash implements Rehearsal {
    private static final Duration AGAIN = Duration.ofMinutes(2);

    @Override
    public String name() {
        return "crash";
    }

    @Override
    public String does() {
        return "kills the process; whoever keeps its sockets has to start it again, and no client may be refused";
    }

    @Override
    public Optional<String> obstacle(ServedProcess process, Wishes wishes) throws AdminException {
        return process.socketsKeptBy().isPresent()
                ? Optional.empty()
                : Optional.of("nobody keeps the listening sockets of the process, so nobody would start it again;"
                        + " `baton run --keep` does, and systemd with FileDescriptorStoreMax=");
    }

    @Override
    public void play(Scene scene) throws AdminException {
        ServedProcess process = scene.process();
        long old = process.pid();
        String keeper = process.socketsKeptBy().orElse("nobody");
        long begun = System.nanoTime();
        AdminClient.Pending crash = process.crash();
        long next = process.successorOf(old, AGAIN);
        if (next >= 0) {
            scene.tell("process " + old + " was killed; " + keeper + " kept the sockets, and process " + next
                    + " serves, " + Scene.seconds(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun)) + " later");
            return;
        }
        scene.fail("no other process serves " + AGAIN.toSeconds() + " s after process " + old + " was to be killed");
        if (process.isThere()) {
            crash.answer(); // why it was not
        }
    }

    /** As long as a start takes on a busy machine. */
    @Override
    public Duration maxWait() {
        return Duration.ofSeconds(10);
    }

    @Override
    public boolean endsConnections() {
        return true;
    }
}
