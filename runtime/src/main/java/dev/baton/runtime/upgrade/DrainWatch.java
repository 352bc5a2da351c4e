package dev.baton.runtime.upgrade;

import dev.baton.runtime.channel.ServerSockets;
import dev.baton.runtime.upgrade.Giver.Dropped;
import java.io.IOException;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The old process after its upgrade, until it has drained: sends idle upstream connections to the new process, closes
 * its copies of the sockets that the new one lets go of, and notices if the new one dies.
 *
 * <p>For the upgrade's thread.
 */
final class DrainWatch {
    private static final Logger LOG = LoggerFactory.getLogger(DrainWatch.class);

    /** Between two looks at what is idle: it is of use over there, and there are few left here to want it. */
    private static final Duration PAUSE = Duration.ofMillis(50);

    private final Giver giver;
    private final KeptSockets kept;
    private final ServerSockets servers;
    private final IdleSender idle;
    /** It has taken all that was sent so far. */
    private boolean takes = true;

    DrainWatch(Giver giver, KeptSockets kept, ServerSockets servers, IdleSender idle) {
        this.giver = giver;
        this.kept = kept;
        this.servers = servers;
        this.idle = idle;
    }

    /**
     * Until the drain is over or the new process is dead.
     *
     * @param drained whether the drain is over
     * @param givesUp whether this process is to end in any case
     * @return true if the new process has died before the drain was over
     */
    boolean successorDies(BooleanSupplier drained, BooleanSupplier givesUp) {
        while (!drained.getAsBoolean()) {
            if (givesUp.getAsBoolean()) {
                kept.close();
            }
            if (takes) {
                take(() -> idle.send(giver, PAUSE));
            }
            hear();
            if (giver.hasDied()) {
                return true;
            }
        }
        if (takes) {
            take(() -> {
                idle.sendLast(giver);
                giver.end();
            });
        }
        return false;
    }

    private interface Sending {
        void run() throws IOException;
    }

    private void take(Sending sending) {
        try {
            sending.run();
        } catch (IOException e) {
            LOG.info("idle connections stay here: {}", e.getMessage());
            takes = false;
        }
    }

    private void hear() {
        try {
            Dropped dropped = giver.hear(PAUSE);
            kept.drop(dropped.listeners());
            servers.dropped(dropped.servers());
        } catch (IOException e) {
            // It is no longer known which of them it still serves.
            LOG.warn("cannot hear process {}: {}", giver.pid(), e.getMessage());
            kept.close();
            giver.ignore();
        }
    }
}
