package dev.baton.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.runtime.channel.ClosedHere;
import dev.baton.runtime.config.UpstreamTlsConfig;
import dev.baton.runtime.metrics.Meters;
import dev.baton.runtime.tls.ClientHandshake;
import dev.baton.runtime.tls.LiveTls;
import dev.baton.spi.upstream.TlsHandshakeException;
import dev.baton.testkit.EmbeddedConnection;
import dev.baton.testkit.ManualLoop;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Handshakes with servers that have no end: whose fault it was. */
class CutHandshakeTest {
    private static final UpstreamTlsConfig TRUSTING = new UpstreamTlsConfig(
            true,
            Optional.empty(),
            Optional.of("shop.test"),
            false,
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            List.of(),
            List.of(),
            List.of());

    private final Meters metrics = new Meters();
    private final EmbeddedConnection connection = new EmbeddedConnection(new ManualLoop(1));
    private final List<IOException> failures = new ArrayList<>();

    @AfterEach
    void release() {
        connection.finishAndReleaseAll();
    }

    private void begin() {
        ClientHandshake handshake = new LiveTls(metrics)
                .client("app", TRUSTING)
                .offering(List.of(), false)
                .begin(connection, "10.0.0.1:443", "10.0.0.1", 0, new ChannelInboundHandlerAdapter());
        handshake.await(connection, Duration.ofSeconds(1).toNanos(), new ClientHandshake.Outcome() {
            @Override
            public void done() {
                throw new AssertionError("a handshake without a server");
            }

            @Override
            public void stale() {
                throw new AssertionError("a handshake without a session");
            }

            @Override
            public void failed(IOException cause) {
                failures.add(cause);
            }
        });
    }

    private long counted(String reason) {
        return metrics.counter("baton_upstream_tls_failures_total", "", "upstream", "app", "reason", reason)
                .count();
    }

    /** A connect that fails with a {@link ConnectException} has its server left out for a while. */
    @Test
    void shouldNotBlameTheServerForAHandshakeThatWasCutHere() {
        begin();
        connection.close();
        assertThat(failures).singleElement().isNotInstanceOf(ConnectException.class);
        assertThat(counted("cut")).isOne();
    }

    /** What has thrown, or was deleted from outside, is closed without its handlers. */
    @Test
    void shouldNotBlameTheServerForACloseThatPassesTheHandlers() {
        begin();
        ClosedHere.mark(connection);
        connection.unsafe().close(connection.voidPromise());
        assertThat(failures).singleElement().isNotInstanceOf(ConnectException.class);
        assertThat(counted("cut")).isOne();
    }

    @Test
    void shouldBlameTheServerThatLeaves() {
        begin();
        connection.unsafe().close(connection.voidPromise());
        assertThat(failures).singleElement().isInstanceOf(TlsHandshakeException.class);
        assertThat(counted("server_left")).isOne();
    }
}
