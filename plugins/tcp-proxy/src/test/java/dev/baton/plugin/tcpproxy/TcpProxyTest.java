package dev.baton.plugin.tcpproxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.config.ByteSize;
import dev.baton.spi.upstream.ServerBusyException;
import dev.baton.spi.upstream.UpstreamServer;
import dev.baton.testkit.EmbeddedConnection;
import dev.baton.testkit.ManualLoop;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TcpProxyTest {
    private static final String UNSERVED = "baton_tcp_proxy_unserved_total";
    private static final String IDLE_CLOSES = "baton_tcp_proxy_idle_closes_total";

    private final ManualLoop loop = new ManualLoop(0);
    private final List<EmbeddedConnection> all = new ArrayList<>();
    private FakeUpstream upstream = new FakeUpstream(2);
    private TcpProxy proxy = proxy(Duration.ofHours(1));

    private TcpProxy proxy(Duration idleTimeout) {
        return new TcpProxy("pass", new TcpProxyConfig("app", idleTimeout, true, new ByteSize(64 << 10)), upstream);
    }

    private EmbeddedConnection accept() {
        EmbeddedConnection client = new EmbeddedConnection(loop);
        client.freezeTime();
        proxy.initialize(client, "raw");
        client.pipeline().fireChannelActive();
        all.add(client);
        return client;
    }

    private EmbeddedConnection connected() {
        EmbeddedConnection server = upstream.succeed(loop);
        all.add(server);
        return server;
    }

    @AfterEach
    void nothingIsLeft() {
        for (EmbeddedConnection connection : all) {
            connection.elsewhere(false);
            connection.runPosted();
        }
        for (EmbeddedConnection connection : all) {
            connection.stalled(false);
            connection.close();
        }
        for (EmbeddedConnection connection : all) {
            connection.runPosted();
            connection.finishAndReleaseAll();
            connection.checkException();
            assertThat(connection.claims()).isZero();
        }
    }

    private static void sends(EmbeddedConnection from, String bytes) {
        from.writeInbound(Unpooled.copiedBuffer(bytes, StandardCharsets.US_ASCII));
    }

    private static void sendsEnd(EmbeddedConnection from) {
        from.pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
    }

    private static String received(EmbeddedConnection by) {
        StringBuilder text = new StringBuilder();
        ByteBuf piece;
        while ((piece = by.readOutbound()) != null) {
            text.append(piece.toString(StandardCharsets.US_ASCII));
            piece.release();
        }
        return text.toString();
    }

    private static boolean reads(EmbeddedConnection end) {
        return end.config().isAutoRead();
    }

    @Test
    void bytesGoBothWays() {
        EmbeddedConnection client = accept();
        EmbeddedConnection server = connected();
        sends(client, "hello");
        sends(server, "welcome");
        sends(client, " there");
        assertThat(received(server)).isEqualTo("hello there");
        assertThat(received(client)).isEqualTo("welcome");
    }

    @Test
    void theClientIsNotReadBeforeThereIsSomewhereToPutIt() {
        EmbeddedConnection client = accept();
        assertThat(reads(client)).isFalse();
        connected();
        assertThat(reads(client)).isTrue();
    }

    @Test
    void anEndThatComesBeforeThereIsAServerIsPassedOn() {
        EmbeddedConnection client = accept();
        sendsEnd(client);
        EmbeddedConnection server = connected();
        assertThat(server.isOutputShutdown()).isTrue();
        sends(server, "welcome");
        assertThat(received(client)).isEqualTo("welcome");
    }

    @Test
    void anotherServerIsTriedThenTheClientIsClosed() {
        EmbeddedConnection client = accept();
        upstream.fail(new ConnectException("refused"));
        assertThat(client.isOpen()).isTrue();
        assertThat(upstream.connectedTo).containsExactly("server-0:1", "server-1:1");
        assertThat(upstream.counts.get(UNSERVED)).hasValue(0);

        upstream.fail(new ConnectException("refused"));
        assertThat(wasReset(client)).isTrue();
        assertThat(upstream.connects).isEmpty();
        assertThat(upstream.counts.get(UNSERVED)).hasValue(1);
    }

    /** One that came before the servers of a name were known gets one of them, even if there is only one. */
    @Test
    void theServerThatHasTakenThePlaceOfTheOneThatFailedIsTried() {
        upstream = new FakeUpstream(1);
        proxy = proxy(Duration.ofHours(1));
        EmbeddedConnection client = accept();
        upstream.servers = List.of(new UpstreamServer("one.shop.test:1", 1));
        upstream.fail(new ConnectException("the servers are known now"));
        assertThat(client.isOpen()).isTrue();
        assertThat(upstream.connectedTo).containsExactly("server-0:1", "one.shop.test:1");
        connected();
        assertThat(upstream.counts.get(UNSERVED)).hasValue(0);
    }

    @Test
    void aClientThatHasWaitedForItsServerWaitsForNoOther() {
        EmbeddedConnection client = accept();
        upstream.fail(new ServerBusyException(ServerBusyException.Reason.FULL, "too many wait"));
        assertThat(upstream.connectedTo).containsExactly("server-0:1", "server-1:1");
        upstream.fail(new ServerBusyException(ServerBusyException.Reason.TIMEOUT, "waited too long"));
        assertThat(wasReset(client)).isTrue();

        EmbeddedConnection next = accept();
        upstream.connectedTo.clear();
        upstream.fail(new ServerBusyException(ServerBusyException.Reason.TIMEOUT, "waited too long"));
        assertThat(wasReset(next)).isTrue();
        assertThat(upstream.connectedTo).as("nor does it try another").isEmpty();
    }

    @Test
    void aClientThatLeavesWaitsNoLonger() {
        EmbeddedConnection client = accept();
        int[] cancels = {0};
        upstream.connects.element().waits(() -> {
            cancels[0]++;
            return true;
        });
        assertThat(cancels[0]).isZero();
        client.close();
        assertThat(cancels[0]).isEqualTo(1);
    }

    @Test
    void whatOtherClientsTryDoesNotMatter() {
        accept();
        accept();
        upstream.fail(new ConnectException("refused"));
        upstream.fail(new ConnectException("refused"));
        assertThat(upstream.connectedTo).containsExactly("server-0:1", "server-1:1", "server-1:1", "server-0:1");
    }

    @Test
    void noMoreThanThreeServersAreTried() {
        upstream = new FakeUpstream(10);
        proxy = proxy(Duration.ofHours(1));
        EmbeddedConnection client = accept();
        for (int i = 0; i < 3; i++) {
            upstream.fail(new ConnectException("refused"));
        }
        assertThat(client.isOpen()).isFalse();
        assertThat(upstream.connectedTo).hasSize(3);
    }

    @Test
    void aClientThatLeftIsNotConnectedAgain() {
        EmbeddedConnection client = accept();
        client.close();
        upstream.fail(new ConnectException("refused"));
        assertThat(upstream.connects).isEmpty();
    }

    @Test
    void aClientThatLeftMeanwhileCostsTheServerNothing() {
        EmbeddedConnection client = accept();
        client.close();
        EmbeddedConnection server = connected();
        assertThat(server.isOpen()).isFalse();
    }

    @Test
    void theEndOfOneDirectionLeavesTheOtherOpen() {
        EmbeddedConnection client = accept();
        EmbeddedConnection server = connected();
        sends(client, "question");
        sendsEnd(client);
        assertThat(server.isOutputShutdown()).isTrue();
        assertThat(client.isOutputShutdown()).isFalse();
        sends(server, "answer");
        assertThat(received(client)).isEqualTo("answer");

        sendsEnd(server);
        assertThat(client.isOutputShutdown()).isTrue();
        assertThat(client.isOpen()).isFalse();
        assertThat(server.isOpen()).isFalse();
    }

    @Test
    void theEndOfADirectionWaitsForItsBytes() {
        EmbeddedConnection client = accept();
        EmbeddedConnection server = connected();
        server.stalled(true);
        sends(client, "question");
        sendsEnd(client);
        assertThat(server.isOutputShutdown()).isFalse();

        server.stalled(false);
        assertThat(received(server)).isEqualTo("question");
        assertThat(server.isOutputShutdown()).isTrue();
    }

    @Test
    void aSlowReaderStopsTheSender() {
        EmbeddedConnection client = accept();
        EmbeddedConnection server = connected();
        client.stalled(true);
        sends(server, "x".repeat(100_000));
        assertThat(reads(server)).isFalse();
        assertThat(reads(client)).isTrue();

        client.stalled(false);
        assertThat(reads(server)).isTrue();
        assertThat(received(client)).hasSize(100_000);
    }

    /** Row F3: what is posted is not overtaken by what could be written directly. */
    @Test
    void orderIsKeptWhenThePartnerIsOnAnotherLoopForAWhile() {
        EmbeddedConnection client = accept();
        EmbeddedConnection server = connected();
        sends(client, "1");
        server.elsewhere(true);
        sends(client, "2");
        sends(client, "3");
        assertThat(received(server)).isEqualTo("1");
        server.elsewhere(false);
        sends(client, "4"); // could enter now, if nothing were queued
        sendsEnd(client);
        server.runPosted();
        assertThat(received(server)).isEqualTo("234");
        assertThat(server.isOutputShutdown()).isTrue();
    }

    @Test
    void aPartnerWhoseLoopIsSlowStopsTheSender() {
        EmbeddedConnection client = accept();
        EmbeddedConnection server = connected();
        server.elsewhere(true);
        int sent = 0;
        while (reads(client)) {
            sends(client, "x".repeat(10_000));
            sent += 10_000;
            assertThat(sent).isLessThan(300_000);
        }
        assertThat(sent).isGreaterThan(64_000);

        server.runPosted();
        assertThat(received(server)).hasSize(sent);
        assertThat(reads(client)).isTrue();
    }

    /** Row F4: both at once, the partner on another loop and its peer slow. */
    @Test
    void aSlowReaderOnAnotherLoopStopsTheSender() {
        EmbeddedConnection client = accept();
        EmbeddedConnection server = connected();
        server.elsewhere(true);
        client.elsewhere(true);
        server.stalled(true);
        sends(client, "x".repeat(100_000));
        server.runPosted();
        client.runPosted();
        assertThat(reads(client)).isFalse();

        server.stalled(false);
        client.runPosted();
        assertThat(reads(client)).isTrue();
        assertThat(received(server)).hasSize(100_000);
    }

    private static boolean wasReset(EmbeddedConnection end) {
        return !end.isOpen() && end.config().getSoLinger() == 0;
    }

    private static boolean endedInOrder(EmbeddedConnection end) {
        return !end.isOpen() && end.isOutputShutdown() && end.config().getSoLinger() < 0;
    }

    @Test
    void aStreamWhoseDirectionsHaveBothEndedEndsInOrder() {
        EmbeddedConnection client = accept();
        EmbeddedConnection server = connected();
        sends(server, "answer");
        sendsEnd(server);
        sendsEnd(client);
        assertThat(received(client)).isEqualTo("answer");
        assertThat(endedInOrder(client)).isTrue();
        assertThat(endedInOrder(server)).isTrue();
    }

    @Test
    void aCutResetsTheOtherEndBehindItsLastByte() {
        EmbeddedConnection client = accept();
        EmbeddedConnection server = connected();
        client.stalled(true);
        sends(server, "last");
        server.close();
        assertThat(client.isOpen()).isTrue();
        assertThat(reads(client)).isFalse();

        client.stalled(false);
        assertThat(received(client)).isEqualTo("last");
        assertThat(wasReset(client)).isTrue();
    }

    /** In order as far as it went: one side ended, the other was cut. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aCutOfAHalfClosedStreamResetsTheOtherEnd(boolean clientEnds) {
        EmbeddedConnection client = accept();
        EmbeddedConnection server = connected();
        EmbeddedConnection ended = clientEnds ? client : server;
        EmbeddedConnection cut = clientEnds ? server : client;
        sendsEnd(ended);
        assertThat(cut.isOutputShutdown()).isTrue();
        cut.close();
        assertThat(wasReset(ended)).isTrue();
    }

    /** The runtime closes one whose callback has thrown, an operator closes an fd, a stop cuts what is left. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aCloseByAnybodyElseResetsBothEnds(boolean ofClient) {
        EmbeddedConnection client = accept();
        EmbeddedConnection server = connected();
        sends(server, "half of it");
        (ofClient ? client : server).close();
        assertThat(received(client)).isEqualTo("half of it");
        assertThat(wasReset(server)).isTrue();
        assertThat(wasReset(client)).isTrue();
    }

    /** Once this looked complete: the rest was thrown away, and the end of the stream came behind it. */
    @Test
    void theRestOfACompleteStreamIsGivenUpWithAResetWhenNobodyTakesIt() {
        EmbeddedConnection client = accept();
        EmbeddedConnection server = connected();
        client.stalled(true);
        sends(server, "last");
        sendsEnd(server);
        sendsEnd(client);
        assertThat(endedInOrder(server)).isTrue();
        client.advanceTimeBy(29, TimeUnit.SECONDS);
        client.runScheduledPendingTasks();
        assertThat(client.isOpen()).isTrue();
        client.advanceTimeBy(1, TimeUnit.SECONDS);
        client.runScheduledPendingTasks();
        assertThat(wasReset(client)).isTrue();
    }

    @Test
    void theRestOfACutStreamIsGivenUpWhenNobodyTakesIt() {
        EmbeddedConnection client = accept();
        EmbeddedConnection server = connected();
        client.stalled(true);
        sends(server, "last");
        server.close();
        client.advanceTimeBy(29, TimeUnit.SECONDS);
        client.runScheduledPendingTasks();
        assertThat(client.isOpen()).isTrue();
        client.advanceTimeBy(1, TimeUnit.SECONDS);
        client.runScheduledPendingTasks();
        assertThat(wasReset(client)).isTrue();
    }

    @Test
    void aResetOnOneEndResetsTheOther() {
        EmbeddedConnection client = accept();
        EmbeddedConnection server = connected();
        sends(client, "some");
        client.pipeline().fireExceptionCaught(new IOException("connection reset"));
        assertThat(client.isOpen()).isFalse();
        assertThat(received(server)).isEqualTo("some");
        assertThat(wasReset(server)).isTrue();
    }

    @Test
    void bytesForAnEndThatIsGoneAreReleased() {
        EmbeddedConnection client = accept();
        EmbeddedConnection server = connected();
        server.elsewhere(true);
        ByteBuf bytes = Unpooled.copiedBuffer("late", StandardCharsets.US_ASCII);
        client.writeInbound(bytes);
        assertThat(bytes.refCnt()).isEqualTo(1);
        server.close();
        server.runPosted();
        assertThat(bytes.refCnt()).isZero();
    }

    @Test
    void silenceOnBothEndsClosesBoth() {
        proxy = proxy(Duration.ofSeconds(10));
        EmbeddedConnection client = accept();
        EmbeddedConnection server = connected();
        pass(6, client, server);
        sends(server, "tick");
        pass(6, client, server);
        assertThat(client.isOpen()).isTrue();
        pass(4, client, server);
        assertThat(server.isOpen()).isTrue();
        pass(2, client, server);
        assertThat(wasReset(server)).isTrue();
        assertThat(wasReset(client)).isTrue();
        assertThat(upstream.counts.get(IDLE_CLOSES)).hasValue(1);
    }

    @Test
    void aPeerThatTakesBytesSlowlyIsNotIdle() {
        proxy = proxy(Duration.ofSeconds(10));
        EmbeddedConnection client = accept();
        EmbeddedConnection server = connected();
        server.stalled(true);
        sends(client, "x".repeat(100_000));
        pass(9, client, server);
        server.stalled(false);
        received(server);
        pass(9, client, server);
        assertThat(server.isOpen()).isTrue(); // nothing passed the client for 18 s
        pass(3, client, server);
        assertThat(wasReset(server)).isTrue();
        assertThat(wasReset(client)).isTrue();
    }

    @Test
    void aPeerThatTakesNothingIsIdle() {
        proxy = proxy(Duration.ofSeconds(10));
        EmbeddedConnection client = accept();
        EmbeddedConnection server = connected();
        server.stalled(true);
        sends(client, "x".repeat(100_000));
        pass(12, client, server);
        assertThat(wasReset(server)).isTrue();
    }

    private void pass(int seconds, EmbeddedConnection... connections) {
        for (int i = 0; i < 10 * seconds; i++) {
            for (EmbeddedConnection connection : connections) {
                connection.advanceTimeBy(100, TimeUnit.MILLISECONDS);
            }
            for (EmbeddedConnection connection : connections) {
                connection.runScheduledPendingTasks();
            }
        }
    }
}
