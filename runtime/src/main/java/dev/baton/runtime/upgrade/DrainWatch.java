package dev.baton.runtime.upgrade;

import dev.baton.runtime.channel.ServerSockets;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The old process after its upgrade, until it has drained: sends live connections and idle upstream connections to the
 * new process, closes its copies of the sockets that the new one lets go of, and notices if the new one dies.
 *
 * <p>For the upgrade's thread.
 */
final class DrainWatch implements Giver.Hearing {
    private static final Logger LOG = LoggerFactory.getLogger(DrainWatch.class);

    /** Between two looks at what is idle: it is of use over there, and there are few left here to want it. */
    private static final Duration PAUSE = Duration.ofMillis(50);

    /** Looks at a process that takes no more connections, before it is known that it lives: a second. */
    private static final int PAUSES_MAX = 20;

    private final Giver giver;
    private final KeptSockets kept;
    private final ServerSockets servers;
    private final IdleSender idle;
    /** Null if the new process takes no live connections. */
    private final @Nullable ParcelSender parcels;
    /** It has taken all that was sent so far. */
    private boolean takes = true;

    DrainWatch(Giver giver, KeptSockets kept, ServerSockets servers, IdleSender idle, @Nullable ParcelSender parcels) {
        this.giver = giver;
        this.kept = kept;
        this.servers = servers;
        this.idle = idle;
        this.parcels = parcels;
    }

    /**
     * Until the drain is over or the new process is dead.
     *
     * @param drained whether the drain is over
     * @param givesUp whether this process is to end in any case
     * @return true if the new process has died before the drain was over
     */
    boolean successorDies(BooleanSupplier drained, BooleanSupplier givesUp) {
        int pauses = 0;
        long lookedNanos = System.nanoTime() - PAUSE.toNanos();
        while (!drained.getAsBoolean()) {
            if (givesUp.getAsBoolean()) {
                kept.close();
            }
            if (takes && System.nanoTime() - lookedNanos >= PAUSE.toNanos()) {
                take(() -> idle.send(giver, PAUSE));
                lookedNanos = System.nanoTime();
            }
            hear();
            if (giver.isClosedThere() || (parcels != null && parcels.hasFailed())) {
                pauseParcels();
            }
            if (giver.hasDied()) {
                return true; // what becomes of live connections is known when it is known whether this one serves
            }
            if (parcels != null && parcels.isPaused() && ++pauses == PAUSES_MAX) {
                parcels.close(); // it lives, and takes none any more
            }
        }
        pauseParcels();
        if (parcels != null) {
            parcels.close();
        }
        if (takes) {
            take(() -> idle.sendLast(giver));
        }
        // In any case: from an end without it the new process would conclude that this one has died.
        take(giver::end);
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
            giver.hear(PAUSE, this);
        } catch (IOException e) {
            // It is no longer known which of them it still serves.
            LOG.warn("cannot hear process {}: {}", giver.pid(), e.getMessage());
            giveUp();
        }
    }

    private void giveUp() {
        pauseParcels();
        kept.close();
        giver.ignore();
    }

    /** Live connections that are still on their way are the new process's if it says so by now, or else this one's. */
    private void pauseParcels() {
        ParcelSender sender = parcels;
        if (sender != null && !sender.isPaused()) {
            boolean hears = !giver.isClosedThere();
            giver.hearLast(this);
            sender.pause();
            if (hears) {
                kept.close(); // what it drops from now on is not heard
            }
        }
    }

    @Override
    public void dropped(List<String> listeners, List<SocketAddress> addresses) {
        kept.drop(listeners);
        servers.dropped(addresses);
    }

    @Override
    public void taken(long parcel) {
        if (parcels != null) {
            parcels.taken(parcel);
        }
    }

    @Override
    public void returned(long parcel, String why) {
        if (parcels != null) {
            parcels.back(parcel, why);
        }
    }
}
