package dev.baton.runtime.launcher.rehearsal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients that count what others do wrong have to count right: a server that does all of it. */
@Timeout(60)
class ClientsTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private static final String LAST = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    private static final String BUSY = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
    private static final String HALF = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no";

    private static final Duration LONG = Duration.ofSeconds(20);

    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicInteger requests = new AtomicInteger();
    private ServerSocket server;
    private Connections opener;
    private Clients clients;

    /** What is answered to the n-th request of a connection, counted from 1: null for nothing ever. */
    private interface Script {
        @Nullable
        String answer(int connection, int request);
    }

    @BeforeEach
    void start() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        begin(LONG);
    }

    private void begin(Duration patience) {
        opener = new Connections(new Manners("/", null, Duration.ofMillis(1), patience));
        clients = new Clients(opener);
        clients.ledger().enter(Phase.DURING);
    }

    @AfterEach
    void end() throws IOException {
        opener.close();
        server.close();
    }

    /** A connection is closed after an answer that is half or the last one. */
    private void serve(Script script) {
        Thread acceptor = new Thread(() -> {
            while (!server.isClosed()) {
                try {
                    Socket socket = server.accept();
                    int connection = connections.incrementAndGet();
                    Thread thread = new Thread(() -> talk(socket, connection, script));
                    thread.setDaemon(true);
                    thread.start();
                } catch (IOException closed) {
                    return;
                }
            }
        });
        acceptor.setDaemon(true);
        acceptor.start();
    }

    private void talk(Socket socket, int connection, Script script) {
        try (socket) {
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            int request = 0;
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (!line.isEmpty()) {
                    continue;
                }
                requests.incrementAndGet();
                String answer = script.answer(connection, ++request);
                if (answer == null) {
                    continue;
                }
                socket.getOutputStream().write(answer.getBytes(StandardCharsets.US_ASCII));
                if (!answer.equals(OK) && !answer.equals(BUSY)) {
                    return;
                }
            }
        } catch (IOException reset) {
            throw new UncheckedIOException(reset);
        }
    }

    private Endpoint endpoint(boolean http) {
        return new Endpoint("web", "shop", server.getLocalSocketAddress(), http, false);
    }

    private Ledger.Seen seen() {
        return clients.ledger().seen(Phase.DURING);
    }

    private void talk(boolean http, int count) {
        clients.talkTo(endpoint(http), new Trial(200, Optional.empty()), count);
    }

    @Test
    void shouldKeepConnectionsAndOpenNewOnes() {
        serve((connection, request) -> OK);
        talk(true, 4);
        assertThat(clients.count()).isEqualTo(4 + 1);
        await().until(() -> seen().requests() > 200);
        clients.stop();
        Ledger.Seen seen = seen();
        assertThat(seen.failed()).isZero();
        assertThat(seen.closed()).isZero();
        assertThat(seen.requests()).isEqualTo(requests.get());
        assertThat(connections.get()).isGreaterThan(5).isLessThan(requests.get());
    }

    @Test
    void shouldSeeAConnectionThatIsClosedWithoutAnAnswer() {
        serve((connection, request) -> request == 3 ? HALF : OK);
        talk(true, 1);
        await().until(() -> seen().failed(Failure.UNANSWERED) > 2);
        clients.stop();
        assertThat(seen().failed()).isEqualTo(seen().failed(Failure.UNANSWERED));
        assertThat(seen().requests()).isEqualTo(requests.get());
        assertThat(seen().closed()).isZero();
    }

    @Test
    void shouldSeeAnotherStatus() {
        serve((connection, request) -> request == 2 ? BUSY : OK);
        talk(true, 1);
        await().until(() -> seen().failed(Failure.OTHER_STATUS) > 2);
        clients.stop();
        assertThat(seen().failed()).isEqualTo(seen().failed(Failure.OTHER_STATUS));
    }

    @Test
    void shouldNotWaitForEver() {
        opener.close();
        begin(Duration.ofMillis(300));
        serve((connection, request) -> request == 2 ? null : OK);
        talk(true, 1);
        await().until(() -> seen().failed(Failure.LATE) > 1);
        clients.stop();
        assertThat(seen().failed()).isEqualTo(seen().failed(Failure.LATE));
    }

    @Test
    void shouldTakeAnAnnouncedEndForWhatItIs() {
        serve((connection, request) -> request == 2 ? LAST : OK);
        talk(true, 1);
        await().until(() -> seen().ended() > 2);
        clients.stop();
        assertThat(seen().failed()).isZero();
        assertThat(seen().closed()).isZero();
    }

    @Test
    void shouldSeeARefusal() throws IOException {
        Endpoint gone = endpoint(true);
        server.close();
        clients.talkTo(gone, new Trial(200, Optional.empty()), 1);
        await().until(() -> seen().failed(Failure.NOT_CONNECTED) > 1);
        clients.stop();
        assertThat(seen().requests()).isEqualTo(seen().failed(Failure.NOT_CONNECTED));
    }

    @Test
    void shouldSeeThatAQuietConnectionIsClosed() throws IOException {
        talk(false, 1);
        server.accept().close();
        await().until(() -> seen().closed() == 1);
        try (Socket next = server.accept()) {
            assertThat(next.isConnected()).isTrue();
            await().until(() -> seen().requests() == 2);
            clients.stop();
        }
        assertThat(seen().closed()).isEqualTo(1);
        assertThat(seen().failed()).isZero();
    }

    @Test
    void shouldTryAListenerFirst() {
        serve((connection, request) -> BUSY);
        Trial trial = Trial.of(opener, endpoint(true)).join();
        assertThat(trial.problem())
                .hasValueSatisfying(problem -> assertThat(problem)
                        .isEqualTo("it answers / with 503 as it is; --path names something that it can answer"));
    }
}
