package dev.baton.plugin.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.http.HttpHandler;
import dev.baton.spi.service.Service;
import dev.baton.testkit.EmbeddedConnection;
import dev.baton.testkit.ManualLoop;
import dev.baton.testkit.http.FakeExchange;
import dev.baton.testkit.http.HttpHandlerContract;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the handler does as it is told, and the service that is late. */
class ChaosHandlerTest extends HttpHandlerContract {
    private static final ManualLoop LOOP = new ManualLoop(3);

    @Override
    protected HttpHandler handler() {
        return new ChaosHandler(new ChaosHandler.Settings(Duration.ofSeconds(1)), ManualLoop.loops(LOOP));
    }

    private FakeExchange get(String target) {
        FakeExchange exchange = FakeExchange.get(target);
        LOOP.run(() -> exchange.meet(handler()).end());
        return exchange;
    }

    @Test
    void shouldBlockItsLoop() {
        for (String action : List.of("block", "spin")) {
            long begin = System.nanoTime();
            assertThat(get("/" + action + "/5?a=b").received()).contains(" loop 3 ", " for 5ms");
            assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(5_000_000);
        }
    }

    @ParameterizedTest
    @EnumSource(Fault.Kind.class)
    void shouldThrow(Fault.Kind kind) {
        assertThatThrownBy(() -> get("/throw/" + kind.word())).isInstanceOfAny(Error.class, RuntimeException.class);
    }

    @Test
    void shouldSayWhatIsWrong() {
        for (String wrong : List.of("/block/", "/block/x", "/spin/-1", "/block/1001", "/throw/oom")) {
            assertThat(get(wrong).got().status()).as(wrong).isEqualTo(400);
        }
        assertThat(get("/nope").got().status()).isEqualTo(404);
        assertThat(get("/").received()).startsWith("/block/MS");
    }

    @Test
    void shouldBeLateForAnotherService() {
        List<String> calls = new ArrayList<>();
        Service behind = new Service() {
            @Override
            public void initialize(MovableChannel connection, String listener) {
                calls.add("initialize " + listener);
            }

            @Override
            public void drain(MovableChannel connection, Duration patience) {
                calls.add("drain " + patience);
            }

            @Override
            public long idleNanos(MovableChannel connection) {
                return 7;
            }
        };
        Delays delays = new Delays();
        delays.set(Point.SERVICE_INITIALIZE, 5, 1);
        delays.set(Point.SERVICE_DRAIN, 5, 1);
        ChaosService late = new ChaosService(behind, delays);
        EmbeddedConnection connection = new EmbeddedConnection(LOOP);
        long begin = System.nanoTime();
        late.initialize(connection, "web");
        late.drain(connection, Duration.ofSeconds(2));
        assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(10_000_000);
        assertThat(late.idleNanos(connection)).isEqualTo(7);
        assertThat(calls).containsExactly("initialize web", "drain PT2S");
    }
}
