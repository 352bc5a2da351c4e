package dev.baton.it.peers;

import io.grpc.Attributes;
import io.grpc.CompressorRegistry;
import io.grpc.ForwardingServerCall;
import io.grpc.ForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerTransportFilter;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** A gRPC server of grpc-java. Messages are bytes, so that no code has to be generated. */
final class GrpcEcho implements AutoCloseable {
    static final MethodDescriptor<byte[], byte[]> UNARY = method(MethodType.UNARY, "Unary");
    /** Answers with as many messages as the first byte of the request says, times 100. */
    static final MethodDescriptor<byte[], byte[]> FROM_SERVER = method(MethodType.SERVER_STREAMING, "FromServer");
    /** Answers with the number of bytes of all messages, in text. */
    static final MethodDescriptor<byte[], byte[]> FROM_CLIENT = method(MethodType.CLIENT_STREAMING, "FromClient");
    /** Answers each message at once, with itself. */
    static final MethodDescriptor<byte[], byte[]> BOTH = method(MethodType.BIDI_STREAMING, "Both");
    /** Never answers. */
    static final MethodDescriptor<byte[], byte[]> SILENT = method(MethodType.UNARY, "Silent");
    /** Fails, with a text and trailers. */
    static final MethodDescriptor<byte[], byte[]> FAILS = method(MethodType.UNARY, "Fails");

    static final Metadata.Key<String> TEXT = Metadata.Key.of("x-text", Metadata.ASCII_STRING_MARSHALLER);
    static final Metadata.Key<byte[]> BINARY = Metadata.Key.of("x-binary-bin", Metadata.BINARY_BYTE_MARSHALLER);

    private static final int MESSAGE_MAX = 8 << 20;
    private static final int HUNDRED = 100;

    /** Of each call that ended before it was answered. */
    final BlockingQueue<String> cancelled = new LinkedBlockingQueue<>();
    /** The requests of {@link #SILENT} that have arrived. */
    final BlockingQueue<byte[]> begun = new LinkedBlockingQueue<>();

    final AtomicInteger calls = new AtomicInteger();
    final AtomicInteger connections = new AtomicInteger();
    final Server server;

    /** In plain text. */
    GrpcEcho() throws IOException {
        this(null, null);
    }

    /** With TLS, if there is a certificate. */
    GrpcEcho(File certificate, File key) throws IOException {
        ServerServiceDefinition service = ServerServiceDefinition.builder("Echo")
                .addMethod(UNARY, ServerCalls.asyncUnaryCall((request, out) -> {
                    out.onNext(request);
                    out.onCompleted();
                }))
                .addMethod(FROM_SERVER, ServerCalls.asyncServerStreamingCall((request, out) -> {
                    for (int i = 0; i < request[0] * HUNDRED; i++) {
                        out.onNext(request);
                    }
                    out.onCompleted();
                }))
                .addMethod(FROM_CLIENT, ServerCalls.asyncClientStreamingCall(GrpcEcho::counting))
                .addMethod(BOTH, ServerCalls.asyncBidiStreamingCall(GrpcEcho::echoing))
                .addMethod(SILENT, ServerCalls.asyncUnaryCall((request, out) -> begun.add(request)))
                .addMethod(FAILS, ServerCalls.asyncUnaryCall((request, out) -> {
                    Metadata trailers = new Metadata();
                    trailers.put(BINARY, request);
                    out.onError(
                            Status.NOT_FOUND.withDescription("no \u00fcmlaut %").asRuntimeException(trailers));
                }))
                .build();
        NettyServerBuilder builder = NettyServerBuilder.forAddress(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .maxInboundMessageSize(MESSAGE_MAX)
                .compressorRegistry(CompressorRegistry.getDefaultInstance())
                .addTransportFilter(new ServerTransportFilter() {
                    @Override
                    public Attributes transportReady(Attributes attributes) {
                        connections.incrementAndGet();
                        return attributes;
                    }
                })
                .addService(ServerInterceptors.intercept(service, new Noting()));
        if (certificate != null) {
            builder.useTransportSecurity(certificate, key);
        }
        server = builder.build().start();
    }

    int port() {
        return server.getPort();
    }

    @Override
    public void close() throws InterruptedException {
        server.shutdownNow().awaitTermination();
    }

    private static StreamObserver<byte[]> counting(StreamObserver<byte[]> out) {
        return new StreamObserver<>() {
            private long bytes;

            @Override
            public void onNext(byte[] message) {
                bytes += message.length;
            }

            @Override
            public void onError(Throwable cancelled) {
                // counted by the interceptor
            }

            @Override
            public void onCompleted() {
                out.onNext(Long.toString(bytes).getBytes(StandardCharsets.US_ASCII));
                out.onCompleted();
            }
        };
    }

    private static StreamObserver<byte[]> echoing(StreamObserver<byte[]> out) {
        return new StreamObserver<>() {
            @Override
            public void onNext(byte[] message) {
                out.onNext(message);
            }

            @Override
            public void onError(Throwable cancelled) {
                // counted by the interceptor
            }

            @Override
            public void onCompleted() {
                out.onCompleted();
            }
        };
    }

    /** Sends the caller's metadata back, in front of the answer and behind it, and notes who cancels. */
    private final class Noting implements ServerInterceptor {
        @Override
        public <A, B> ServerCall.Listener<A> interceptCall(
                ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
            calls.incrementAndGet();
            ServerCall.Listener<A> listener = next.startCall(
                    new ForwardingServerCall.SimpleForwardingServerCall<>(call) {
                        @Override
                        public void sendHeaders(Metadata first) {
                            copy(headers, first);
                            super.sendHeaders(first);
                        }

                        @Override
                        public void close(Status status, Metadata trailers) {
                            copy(headers, trailers);
                            super.close(status, trailers);
                        }
                    },
                    headers);
            return new ForwardingServerCallListener.SimpleForwardingServerCallListener<>(listener) {
                @Override
                public void onCancel() {
                    cancelled.add(call.getMethodDescriptor().getBareMethodName());
                    super.onCancel();
                }
            };
        }

        private void copy(Metadata from, Metadata to) {
            String text = from.get(TEXT);
            byte[] binary = from.get(BINARY);
            if (text != null) {
                to.put(TEXT, text);
            }
            if (binary != null) {
                to.put(BINARY, binary);
            }
        }
    }

    private static MethodDescriptor<byte[], byte[]> method(MethodType type, String name) {
        return MethodDescriptor.<byte[], byte[]>newBuilder()
                .setType(type)
                .setFullMethodName(MethodDescriptor.generateFullMethodName("Echo", name))
                .setRequestMarshaller(new Bytes())
                .setResponseMarshaller(new Bytes())
                .build();
    }

    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
