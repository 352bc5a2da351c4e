package dev.baton.spi.loop;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;
import java.util.concurrent.CompletionStage;

/**
 * What the configuration says of one service under {@code lane}: it may get loops of its own. While the lane is open
 * these serve the service's connections, and nothing else; while it is closed they stand by, and the loops that serve
 * every service have its connections, as they have those of other services.
 */
@ByBaton
@AnyThread
public interface Lane {

    /** The service's name in the configuration. */
    String service();

    /** How many loops it has while it is open, by the configuration. */
    int loops();

    /**
     * The share above which the service takes too much, by the configuration: of the processor time that the loops can
     * have that serve every service, above 0 and below 1.
     */
    double share();

    /** Whether it is open. */
    boolean isOpen();

    /** How many connections of clients its loops own now. */
    int connections();

    /**
     * Opens it: starts its loops, or calls those that stand by, and has them take over the service's connections, each
     * as soon as nothing runs in it. From now on they get each new one too, right after it was accepted.
     *
     * @return completes with the number of its loops when they serve; fails with an {@link IllegalStateException} if
     *     none can be started, which says why: then it stays closed
     */
    CompletionStage<Integer> open();

    /**
     * Closes it: its loops stand by, and those that serve every service take over what they have. Connections that
     * cannot move stay where they are until they end.
     *
     * @return completes with the number of connections that have moved, when its loops have none left
     */
    CompletionStage<Integer> close();
}
