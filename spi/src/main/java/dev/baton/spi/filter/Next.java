package dev.baton.spi.filter;

import dev.baton.spi.ByBaton;
import dev.baton.spi.channel.ConnectionFacts;
import dev.baton.spi.threading.AnyThread;

/**
 * Takes the decision of one filter about one connection. The first call counts. Later calls do nothing, nor does a call
 * after the connection has closed or was cut. Under the claim a call takes effect at once; from elsewhere it is posted
 * to the connection.
 */
@ByBaton
@AnyThread
public interface Next {
    /** Lets the connection pass to the next filter or to the service. */
    void proceed();

    /**
     * Lets the connection pass, with facts that replace the ones known so far.
     *
     * @param facts what {@link dev.baton.spi.channel.MovableChannel#facts} answers from now on
     */
    void proceed(ConnectionFacts facts);

    /**
     * Resets the connection and counts it in {@code baton_connections_refused_total}.
     *
     * @param reason for the log; a few words without a full stop
     */
    void refuse(String reason);
}
