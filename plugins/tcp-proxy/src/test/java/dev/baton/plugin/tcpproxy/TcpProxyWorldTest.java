package dev.baton.plugin.tcpproxy;

import dev.baton.testkit.world.InEachWorld;
import dev.baton.testkit.world.Origin;
import dev.baton.testkit.world.Peer;
import dev.baton.testkit.world.PluginWorld;
import dev.baton.testkit.world.Where;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/** Streams through the proxy, byte by byte, end by end, whichever loops its two ends are on. */
class TcpProxyWorldTest {

    /** Keys of the service beside its upstream. */
    String keys() {
        return "";
    }

    /** Bytes that a peer can send while the other one does not read. */
    int held() {
        return 50_000;
    }

    private Origin start(PluginWorld world) {
        return start(world, "");
    }

    private Origin start(PluginWorld world, String more) {
        Origin origin = world.origin();
        world.plugin(TcpProxyPlugin.class);
        world.start("""
                listeners: { in: { bind: "127.0.0.1:0", service: pass } }
                services: { pass: { type: tcp-proxy, upstream: app%s } }
                upstreams: { app: { servers: ["%s"] } }
                """.formatted(keys() + more, origin.address()));
        return origin;
    }

    @InEachWorld
    void shouldCarryBothDirectionsAndTheirEnds(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("in");
        client.send("question");
        Peer server = origin.accept();
        server.expect("question");
        server.send("answer");
        client.expect("answer");
        client.shutdownOutput();
        server.expectEnd();
        server.send("a last word");
        server.close();
        client.expect("a last word");
        client.expectEnd();
    }

    /** A side that does not read holds the other one back, and loses nothing. */
    @InEachWorld
    void shouldHoldBackWhoIsTooFast(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("in");
        client.send("go");
        Peer server = origin.accept();
        server.expect("go");
        String piece = "0123456789".repeat(100);
        int pieces = Math.min(12, held() / piece.length());
        for (int i = 0; i < pieces; i++) {
            server.send(piece);
        }
        server.close();
        for (int i = 0; i < pieces; i++) {
            client.expect(piece);
        }
        client.expectEnd();
    }

    /** What the reset cuts off must not look complete. */
    @InEachWorld
    void shouldResetTheClientOfAServerThatResets(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("in");
        client.send("question");
        Peer server = origin.accept();
        server.expect("question");
        server.send("half an ans");
        client.expect("half an ans");
        server.reset();
        client.expectReset();
    }

    @InEachWorld
    void shouldResetTheServerOfAClientThatResets(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("in");
        client.send("half a quest");
        Peer server = origin.accept();
        server.expect("half a quest");
        client.reset();
        server.expectReset();
    }

    /** One direction has ended in order, and the other is cut. */
    @InEachWorld
    void shouldResetWhoHasEndedItsSideAndWaitsForTheRest(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("in");
        client.send("question");
        client.shutdownOutput();
        Peer server = origin.accept();
        server.expect("question");
        server.expectEnd();
        server.reset();
        client.expectReset();
    }

    @InEachWorld
    void shouldResetTheClientOfAServerThatIsNotThere(PluginWorld world) {
        Origin origin = start(world);
        origin.close();
        world.connect("in").expectReset();
    }

    /** A byte in either direction is a sign of life of the whole. */
    @InEachWorld(worlds = Where.SIMULATION, because = "it lasts for seconds")
    void shouldCloseBothEndsOfWhatIsIdle(PluginWorld world) {
        Origin origin = start(world, ", idle-timeout: 5s");
        Peer client = world.connect("in");
        client.send("question");
        Peer server = origin.accept();
        server.expect("question");
        world.pass(Duration.ofMillis(4_900));
        server.send("answer");
        client.expect("answer");
        world.pass(Duration.ofMillis(4_900));
        client.expectNothing();
        server.expectNothing();
        world.pass(Duration.ofMillis(900)); // an eighth of the timeout more at most
        client.expectReset();
        server.expectReset();
    }

    // ---- packed and unpacked ----------------------------------------------------------------------------------------

    /** As in an upgrade, at any moment: asks until the stream was packed so often. */
    private static void repack(PluginWorld world, int times) {
        int[] packed = {0};
        world.await("a stream that was packed " + times + " times", () -> {
            packed[0] += world.repack("in");
            return packed[0] >= times;
        });
    }

    @InEachWorld
    void shouldGoOnAfterItWasPacked(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("in");
        client.send("question");
        Peer server = origin.accept();
        server.expect("question");
        for (int i = 0; i < 3; i++) {
            repack(world, 1);
            server.send("answer " + i);
            client.expect("answer " + i);
            client.send("more " + i);
            server.expect("more " + i);
        }
        repack(world, 2);
        client.shutdownOutput();
        server.expectEnd();
        server.send("a last word");
        server.close();
        client.expect("a last word");
        client.expectEnd();
    }

    /** Bytes are on their way in both directions, in the kernel, in the ends, and between loops. */
    @InEachWorld
    void shouldLoseNoByteWhenItIsPacked(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("in");
        client.send("go");
        Peer server = origin.accept();
        server.expect("go");
        String piece = "0123456789".repeat(100);
        int pieces = Math.min(12, held() / piece.length());
        for (int i = 0; i < pieces; i++) {
            server.send(piece);
            client.send(piece);
            world.repack("in");
        }
        server.shutdownOutput();
        world.repack("in");
        for (int i = 0; i < pieces; i++) {
            client.expect(piece);
            world.repack("in");
            server.expect(piece);
        }
        client.expectEnd();
        client.close();
        server.expectEnd();
    }

    /** One side has ended, and its end is still on its way behind what the other does not read. */
    @InEachWorld
    void shouldPassAnEndOnAfterItWasPacked(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("in");
        client.send("question");
        client.shutdownOutput();
        Peer server = origin.accept();
        server.expect("question");
        server.expectEnd();
        repack(world, 1);
        server.send("answer");
        client.expect("answer");
        repack(world, 1);
        server.close();
        client.expectEnd();
    }

    /** More is written than the socket takes, and behind it is the end: both are still to come when it is packed. */
    @InEachWorld
    void shouldPackWhatWasNotSentAndTheEndBehindIt(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("in");
        client.send("question");
        Peer server = origin.accept();
        server.expect("question");
        String much = "0123456789".repeat(held() / 10);
        server.send(much);
        server.shutdownOutput();
        repack(world, 2);
        client.expect(much);
        client.expectEnd();
        client.close();
        server.expectEnd();
    }

    /** With the client's end both have ended: from then on the kernel no longer tells who the client was. */
    @InEachWorld
    void shouldPassAnEndOnThatComesWhileItIsPacked(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("in");
        client.send("question");
        Peer server = origin.accept();
        server.expect("question");
        server.send("answer");
        server.shutdownOutput();
        client.expect("answer");
        client.expectEnd();
        CompletionStage<Integer> packing = world.beginRepack("in");
        client.close();
        server.expectEnd();
        world.await(packing);
    }

    /** The same the other way round: the upstream's server is whom the kernel no longer knows. */
    @InEachWorld
    void shouldPassTheEndOfTheServerOnThatComesWhileItIsPacked(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("in");
        client.send("question");
        client.shutdownOutput();
        Peer server = origin.accept();
        server.expect("question");
        server.expectEnd();
        server.send("answer");
        client.expect("answer");
        CompletionStage<Integer> packing = world.beginRepack("in");
        server.close();
        client.expectEnd();
        world.await(packing);
    }

    /** What the reset cuts off must not look complete, whoever owns the stream by then. */
    @InEachWorld
    void shouldResetTheOtherSideAfterItWasPacked(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("in");
        client.send("question");
        Peer server = origin.accept();
        server.expect("question");
        repack(world, 1);
        server.reset();
        client.expectReset();
    }

    /** A pack is no sign of life: the time without a byte counts over it. */
    @InEachWorld(worlds = Where.SIMULATION, because = "it lasts for seconds")
    void shouldCloseWhatIsIdleAlthoughItIsPacked(PluginWorld world) {
        Origin origin = start(world, ", idle-timeout: 8s");
        Peer client = world.connect("in");
        client.send("question");
        Peer server = origin.accept();
        server.expect("question");
        for (int i = 0; i < 2; i++) {
            world.pass(Duration.ofMillis(3_500));
            repack(world, 1);
        }
        world.pass(Duration.ofMillis(2_500)); // of 8 to 9 seconds
        server.expectReset();
        client.expectReset();
    }

    /** While a client waits for its server there is nothing that could go. */
    @InEachWorld
    void shouldNotBePackedWithoutAServer(PluginWorld world) {
        Origin origin = start(world);
        Peer client = world.connect("in");
        world.await("a connection", () -> world.view().listeners().get(0).connections() == 1);
        client.send("question");
        Peer server = origin.accept();
        server.expect("question");
        repack(world, 1);
        client.close();
        server.expectEnd();
        server.close();
    }
}
