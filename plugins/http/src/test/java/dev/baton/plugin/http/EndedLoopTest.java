package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench.Ends;
import java.net.ConnectException;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * The loop of one end of an exchange ends, and takes no more messages: the other end closes and keeps nothing. That
 * nothing leaked and no claim is held, {@link Bench#close} checks.
 */
class EndedLoopTest {
    private static final String GET = "GET / HTTP/1.1\r\nHost: shop\r\n\r\n";
    private static final String PUT = "PUT / HTTP/1.1\r\nHost: shop\r\nContent-Length: 4\r\n\r\n";
    private static final String HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";

    @Test
    void theServersEndWhileARequestIsSent() {
        try (Bench bench = new Bench(Ends.APART)) {
            bench.send(PUT);
            bench.opened.get(0).loopEnded();
            bench.send("he");
            assertThat(bench.client.isOpen()).isFalse();
            assertThat(bench.toClient()).isEmpty();
        }
    }

    @Test
    void theServersEndAfterPiecesOfARequestWereSent() {
        try (Bench bench = new Bench(Ends.APART)) {
            bench.send(PUT + "h");
            bench.arrive(bench.client, "e");
            bench.opened.get(0).loopEnded();
            bench.arrive(bench.client, "llo");
            bench.settle();
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    @Test
    void theServersEndWhileItsAnswerIsHeldBack() {
        try (Bench bench = new Bench(Ends.APART)) {
            bench.send(GET);
            bench.client.stalled(true);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + "x".repeat(100_000));
            bench.opened.get(0).loopEnded();
            bench.under(bench.client, () -> bench.client.stalled(false));
            assertThat(bench.client.isOpen()).isFalse();
        }
    }

    @Test
    void theClientsEndWhenTheAnswerBegins() {
        try (Bench bench = new Bench(Ends.APART)) {
            bench.send(GET);
            bench.client.loopEnded();
            bench.answer(0, HEAD + "he");
            assertThat(bench.opened.get(0).isOpen()).isFalse();
        }
    }

    @Test
    void theClientsEndWhenAnAnswerIsComplete() {
        try (Bench bench = new Bench(Ends.APART)) {
            bench.send(GET);
            bench.client.loopEnded();
            bench.answer(0, HEAD + "hello");
            assertThat(bench.idle).hasSize(1);
        }
    }

    @Test
    void theClientsEndBeforeAnAnswer() {
        try (Bench bench = new Bench(Ends.APART)) {
            bench.send(GET);
            bench.client.loopEnded();
            bench.answer(0, "HTTP/1.1 103 Early Hints\r\n\r\n");
            assertThat(bench.opened.get(0).isOpen()).isFalse();
        }
    }

    @Test
    void theClientsEndWhenTheServerTakesMore() {
        try (Bench bench = new Bench(Ends.APART)) {
            bench.send("PUT / HTTP/1.1\r\nHost: shop\r\nContent-Length: 200000\r\n\r\n");
            bench.opened.get(0).stalled(true);
            bench.send("x".repeat(100_000));
            bench.client.loopEnded();
            bench.under(bench.opened.get(0), () -> bench.opened.get(0).stalled(false));
            assertThat(bench.opened.get(0).isOpen()).isFalse();
        }
    }

    @Test
    void theClientsEndWhenTheServerCloses() {
        try (Bench bench = new Bench(Ends.APART)) {
            bench.send(GET);
            bench.client.loopEnded();
            bench.hangUp(bench.opened.get(0));
            assertThat(bench.toClient()).isEmpty();
        }
    }

    @Test
    void theClientsEndWhileAConnectionIsOpened() {
        try (Bench bench = new Bench(Ends.APART)) {
            bench.connectLater = true;
            bench.send(GET);
            bench.client.loopEnded();
            bench.connected(Objects.requireNonNull(bench.connecting.poll()));
            bench.settle();
            assertThat(bench.opened.get(0).isOpen()).isFalse();
        }
    }

    @Test
    void theClientsEndWhenAConnectionFails() {
        try (Bench bench = new Bench(Ends.APART)) {
            bench.connectLater = true;
            bench.send(GET);
            bench.client.loopEnded();
            Objects.requireNonNull(bench.connecting.poll()).failed(new ConnectException("refused"));
            assertThat(bench.toClient()).isEmpty();
        }
    }

    @Test
    void theServersEndWhenTheClientGoes() {
        try (Bench bench = new Bench(Ends.APART)) {
            bench.send(GET);
            bench.opened.get(0).loopEnded();
            bench.hangUp(bench.client);
            assertThat(bench.client.isOpen()).isFalse();
        }
    }
}
