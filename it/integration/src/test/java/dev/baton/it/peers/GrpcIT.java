package dev.baton.it.peers;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.baton.spi.tls.CertificateMaker;
import dev.baton.spi.tls.CertifiedKey;
import dev.baton.spi.tls.Pem;
import dev.baton.testkit.BatonProcess;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** gRPC through the service {@code http}, with client and servers of grpc-java. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GrpcIT {
    private static final int PATIENCE_SECONDS = 30;
    private static final int MIB = 1 << 20;
    private static final int MESSAGE_MAX = 8 * MIB;
    private static final int CALLS = 200;

    @TempDir
    static Path folder;

    private static BatonProcess baton;
    private static GrpcEcho echo;
    private static GrpcEcho other;
    private static ManagedChannel channel;
    private static ManagedChannel pair;
    private static GrpcEcho secure;

    @BeforeAll
    static void start() throws Exception {
        echo = new GrpcEcho();
        other = new GrpcEcho();
        CertifiedKey made = CertificateMaker.of("grpc.test").make();
        File certificate = Files.writeString(folder.resolve("grpc.crt"), Pem.write(made.chain()))
                .toFile();
        secure = new GrpcEcho(
                certificate,
                Files.writeString(folder.resolve("grpc.key"), Pem.write(made.key()))
                        .toFile());
        baton = BatonProcess.serve(folder, """
                version: 1
                loops: 2
                admin: { listen: "127.0.0.1:0" }
                listeners:
                  one: { bind: "127.0.0.1:0", service: one }
                  pair: { bind: "127.0.0.1:0", service: pair }
                  secure:
                    bind: "127.0.0.1:0"
                    service: secure
                    tls: { certificates: [ { certificate: grpc.crt, key: grpc.key } ] }
                services:
                  one: { type: http, upstream: one, min-rate: 1MiB/s, rate-grace: 100ms }
                  pair: { type: http, upstream: pair }
                  secure: { type: http, upstream: secure }
                upstreams:
                  one: { protocol: http/2, servers: ["127.0.0.1:ONE"] }
                  pair: { protocol: http/2, servers: ["127.0.0.1:ONE", "127.0.0.1:OTHER"] }
                  secure:
                    protocol: http/2
                    tls: { ca: grpc.crt, server-name: grpc.test }
                    servers: ["127.0.0.1:SECURE"]
                """.replace("SECURE", Integer.toString(secure.port()))
                .replace("ONE", Integer.toString(echo.port()))
                .replace("OTHER", Integer.toString(other.port())));
        channel = connect("one");
        pair = connect("pair");
    }

    private static ManagedChannel connect(String listener) throws InterruptedException {
        String address = baton.listener(listener);
        return NettyChannelBuilder.forAddress(
                        "127.0.0.1", Integer.parseInt(address.substring(address.lastIndexOf(':') + 1)))
                .usePlaintext()
                .maxInboundMessageSize(MESSAGE_MAX)
                .build();
    }

    @AfterAll
    static void stop() throws Exception {
        for (ManagedChannel each : new ManagedChannel[] {channel, pair}) {
            if (each != null) {
                each.shutdownNow().awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS);
            }
        }
        if (baton != null) {
            System.out.println(baton.text());
            baton.close();
        }
        echo.close();
        other.close();
        secure.close();
    }

    private static byte[] call(Channel on, MethodDescriptor<byte[], byte[]> method, byte[] request) {
        return ClientCalls.blockingUnaryCall(
                on, method, CallOptions.DEFAULT.withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS), request);
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new SplittableRandom(length).nextBytes(bytes);
        return bytes;
    }

    @Test
    void shouldCarryMetadataBothWays() {
        Metadata sent = new Metadata();
        sent.put(GrpcEcho.TEXT, "some text");
        sent.put(GrpcEcho.BINARY, new byte[] {0, 13, 10, -1});
        AtomicReference<Metadata> headers = new AtomicReference<>();
        AtomicReference<Metadata> trailers = new AtomicReference<>();
        Channel noting = ClientInterceptors.intercept(
                channel,
                MetadataUtils.newAttachHeadersInterceptor(sent),
                MetadataUtils.newCaptureMetadataInterceptor(headers, trailers));
        assertThat(call(noting, GrpcEcho.UNARY, new byte[] {1, 2, 3})).containsExactly(1, 2, 3);
        for (Metadata each : List.of(headers.get(), trailers.get())) {
            assertThat(each.get(GrpcEcho.TEXT)).isEqualTo("some text");
            assertThat(each.get(GrpcEcho.BINARY)).containsExactly(0, 13, 10, -1);
        }
    }

    @Test
    void shouldCarryLargeMessages() {
        byte[] large = random(4 * MIB);
        assertThat(call(channel, GrpcEcho.UNARY, large)).isEqualTo(large);
        assertThat(call(channel, GrpcEcho.UNARY, new byte[0])).isEmpty();
    }

    @Test
    void shouldCompress() {
        byte[] text = "again and again ".repeat(10_000).getBytes(US_ASCII);
        assertThat(ClientCalls.blockingUnaryCall(
                        channel, GrpcEcho.UNARY, CallOptions.DEFAULT.withCompression("gzip"), text))
                .isEqualTo(text);
    }

    /** From client to Baton, and from there to the server. */
    @Test
    void shouldCarryCallsOverTls() throws Exception {
        String address = baton.listener("secure");
        ManagedChannel over = NettyChannelBuilder.forAddress(
                        "127.0.0.1", Integer.parseInt(address.substring(address.lastIndexOf(':') + 1)))
                .sslContext(GrpcSslContexts.forClient()
                        .trustManager(folder.resolve("grpc.crt").toFile())
                        .build())
                .overrideAuthority("grpc.test")
                .maxInboundMessageSize(MESSAGE_MAX)
                .build();
        try {
            byte[] large = random(4 * MIB);
            assertThat(call(over, GrpcEcho.UNARY, large)).isEqualTo(large);
            Answers answers = new Answers();
            StreamObserver<byte[]> requests =
                    ClientCalls.asyncBidiStreamingCall(over.newCall(GrpcEcho.BOTH, CallOptions.DEFAULT), answers);
            for (int i = 1; i <= 50; i++) {
                byte[] message = random(i * 100);
                requests.onNext(message);
                assertThat(answers.next()).isEqualTo(message);
            }
            requests.onCompleted();
            answers.completed();
            assertThat(secure.connections.get()).isBetween(1, 2);
        } finally {
            over.shutdownNow().awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
    }

    @Test
    void shouldStreamFromTheServer() {
        byte[] request = random(2_000);
        request[0] = 10;
        Iterator<byte[]> answers =
                ClientCalls.blockingServerStreamingCall(channel, GrpcEcho.FROM_SERVER, CallOptions.DEFAULT, request);
        int count = 0;
        while (answers.hasNext()) {
            assertThat(answers.next()).isEqualTo(request);
            count++;
        }
        assertThat(count).isEqualTo(1_000);
    }

    @Test
    void shouldStreamFromTheClient() throws Exception {
        Answers answers = new Answers();
        StreamObserver<byte[]> requests = ClientCalls.asyncClientStreamingCall(
                channel.newCall(GrpcEcho.FROM_CLIENT, CallOptions.DEFAULT), answers);
        for (int i = 0; i < 1_000; i++) {
            requests.onNext(new byte[1_000]);
        }
        requests.onCompleted();
        assertThat(new String(answers.next(), US_ASCII)).isEqualTo("1000000");
        answers.completed();
    }

    /** A client that has nothing to say for a while is no slow one, though the server has said nothing either. */
    @Test
    void shouldWaitForAClientThatSendsSomethingNowAndThen() throws Exception {
        Answers answers = new Answers();
        StreamObserver<byte[]> requests = ClientCalls.asyncClientStreamingCall(
                channel.newCall(GrpcEcho.FROM_CLIENT, CallOptions.DEFAULT), answers);
        requests.onNext(new byte[3]);
        Awaitility.await().pollDelay(Duration.ofMillis(500)).until(answers.came::isEmpty);
        requests.onNext(new byte[4]);
        requests.onCompleted();
        assertThat(new String(answers.next(), US_ASCII)).isEqualTo("7");
        answers.completed();
    }

    @Test
    void shouldStreamBothWaysAtOnce() throws Exception {
        Answers answers = new Answers();
        StreamObserver<byte[]> requests =
                ClientCalls.asyncBidiStreamingCall(channel.newCall(GrpcEcho.BOTH, CallOptions.DEFAULT), answers);
        for (int i = 1; i <= 300; i++) {
            byte[] message = random(i * 7);
            requests.onNext(message);
            assertThat(answers.next()).isEqualTo(message);
        }
        requests.onCompleted();
        answers.completed();
    }

    @Test
    void shouldHandAnErrorOverAsItIs() {
        StatusRuntimeException failed =
                catchThrowableOfType(StatusRuntimeException.class, () -> call(channel, GrpcEcho.FAILS, new byte[] {7}));
        assertThat(failed.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(failed.getStatus().getDescription()).isEqualTo("no \u00fcmlaut %");
        assertThat(failed.getTrailers().get(GrpcEcho.BINARY)).containsExactly(7);

        MethodDescriptor<byte[], byte[]> unknown =
                GrpcEcho.UNARY.toBuilder().setFullMethodName("Echo/None").build();
        failed = catchThrowableOfType(StatusRuntimeException.class, () -> call(channel, unknown, new byte[1]));
        assertThat(failed.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
    }

    @Test
    void shouldTellTheServerThatTheDeadlineIsOver() throws Exception {
        assertThat(call(channel, GrpcEcho.UNARY, new byte[] {3}))
                .as("the connections are there, which may take longer than the deadline")
                .containsExactly(3);
        Answers answers = new Answers();
        ClientCalls.asyncUnaryCall(
                channel.newCall(GrpcEcho.SILENT, CallOptions.DEFAULT.withDeadlineAfter(2, TimeUnit.SECONDS)),
                new byte[] {1},
                answers);
        assertThat(echo.begun.poll(PATIENCE_SECONDS, TimeUnit.SECONDS)).containsExactly(1);
        assertThat(answers.failure().getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        assertThat(echo.cancelled.poll(PATIENCE_SECONDS, TimeUnit.SECONDS)).isEqualTo("Silent");
    }

    @Test
    void shouldTellTheServerThatTheClientHasCancelled() throws Exception {
        Answers answers = new Answers();
        ClientCallStreamObserver<byte[]> requests = (ClientCallStreamObserver<byte[]>)
                ClientCalls.asyncBidiStreamingCall(channel.newCall(GrpcEcho.BOTH, CallOptions.DEFAULT), answers);
        requests.onNext(new byte[] {1});
        assertThat(answers.next()).containsExactly(1);
        requests.cancel("enough", null);
        String cancelled = echo.cancelled.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        while (!"Both".equals(cancelled)) {
            assertThat(cancelled).as("the call is still open").isEqualTo("Silent");
            cancelled = echo.cancelled.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        }
        assertThat(call(channel, GrpcEcho.UNARY, new byte[] {5})).containsExactly(5);
    }

    /** On one connection of the client's and as few to the server as there are loops. */
    @Test
    void shouldCarryManyCallsAtOnce() throws Exception {
        List<CompletableFuture<byte[]>> answers = new ArrayList<>();
        for (int i = 0; i < CALLS; i++) {
            CompletableFuture<byte[]> answer = new CompletableFuture<>();
            answers.add(answer);
            ClientCalls.asyncUnaryCall(
                    channel.newCall(GrpcEcho.UNARY, CallOptions.DEFAULT),
                    Integer.toString(i).getBytes(UTF_8),
                    new StreamObserver<>() {
                        @Override
                        public void onNext(byte[] value) {
                            answer.complete(value);
                        }

                        @Override
                        public void onError(Throwable failed) {
                            answer.completeExceptionally(failed);
                        }

                        @Override
                        public void onCompleted() {
                            // the message has said all
                        }
                    });
        }
        for (int i = 0; i < CALLS; i++) {
            assertThat(new String(answers.get(i).get(PATIENCE_SECONDS, TimeUnit.SECONDS), UTF_8))
                    .isEqualTo(Integer.toString(i));
        }
        assertThat(echo.connections.get()).as("connections of two upstreams").isBetween(1, 4);
    }

    /** A client that does not read one stream can still use the others. */
    @Test
    void shouldNotLetOneStreamHoldBackAnother() throws Exception {
        Answers stuck = new Answers();
        stuck.paused = true;
        ClientCallStreamObserver<byte[]> requests = (ClientCallStreamObserver<byte[]>)
                ClientCalls.asyncBidiStreamingCall(channel.newCall(GrpcEcho.BOTH, CallOptions.DEFAULT), stuck);
        int sent = 0;
        while (requests.isReady() || sent < 64) {
            requests.onNext(new byte[16 * 1024]);
            sent++;
            assertThat(sent).as("messages that nobody reads").isLessThan(10_000);
        }
        byte[] message = random(100_000);
        for (int i = 0; i < 20; i++) {
            assertThat(call(channel, GrpcEcho.UNARY, message)).isEqualTo(message);
        }
        stuck.readOn();
        for (int i = 0; i < sent; i++) {
            assertThat(stuck.next()).hasSize(16 * 1024);
        }
        requests.onCompleted();
        stuck.completed();
    }

    /** It sends GOAWAY: what it has begun ends there, and what it has not goes to the other server. */
    @Test
    void shouldLoseNothingWhenAServerShutsDown() throws Exception {
        GrpcEcho leaving = other;
        Answers answers = new Answers();
        List<StreamObserver<byte[]>> open = new ArrayList<>();
        for (int i = 0; i < 4; i++) { // the servers take turns
            StreamObserver<byte[]> requests =
                    ClientCalls.asyncBidiStreamingCall(pair.newCall(GrpcEcho.BOTH, CallOptions.DEFAULT), answers);
            open.add(requests);
            requests.onNext(new byte[] {1});
            assertThat(answers.next()).containsExactly(1);
        }
        assertThat(leaving.calls.get()).isEqualTo(2);
        leaving.server.shutdown();
        for (int i = 0; i < CALLS; i++) {
            assertThat(call(pair, GrpcEcho.UNARY, new byte[] {(byte) i})).containsExactly((byte) i);
        }
        for (StreamObserver<byte[]> each : open) {
            each.onNext(new byte[] {2});
            assertThat(answers.next()).containsExactly(2);
            each.onCompleted();
            answers.completed();
        }
        assertThat(leaving.server.awaitTermination(PATIENCE_SECONDS, TimeUnit.SECONDS))
                .isTrue();
    }

    /** What has come of a call. */
    private static final class Answers implements ClientResponseObserver<byte[], byte[]> {
        private static final byte[] END = {};

        private final BlockingQueue<Object> came = new LinkedBlockingQueue<>();
        private volatile ClientCallStreamObserver<byte[]> call;
        /** Nothing is asked for before {@link #readOn}. */
        private volatile boolean paused;

        @Override
        public void beforeStart(ClientCallStreamObserver<byte[]> begun) {
            call = begun;
            if (paused) {
                begun.disableAutoRequestWithInitial(0);
            }
        }

        void readOn() {
            paused = false;
            call.request(1);
        }

        @Override
        public void onNext(byte[] value) {
            came.add(value);
            if (call != null && !paused) {
                call.request(1);
            }
        }

        @Override
        public void onError(Throwable failed) {
            came.add(failed);
        }

        @Override
        public void onCompleted() {
            came.add(END);
        }

        byte[] next() throws InterruptedException {
            Object next = came.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            assertThat(next).as("the next message").isInstanceOf(byte[].class).isNotSameAs(END);
            return (byte[]) next;
        }

        StatusRuntimeException failure() throws InterruptedException {
            Object failed = came.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
            assertThat(failed).as("the end").isInstanceOf(StatusRuntimeException.class);
            return (StatusRuntimeException) failed;
        }

        void completed() throws InterruptedException {
            assertThat(came.poll(PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .as("the end")
                    .isSameAs(END);
        }
    }
}
