package dev.baton.bench;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.spi.fd.TakeoverResult;
import dev.baton.testkit.TestLoops;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Moving an idle connection to another loop, the pollers included: Baton's takeover with the old loop idle and with the
 * old loop blocked, beside Netty's deregister and register on its NIO transport (which waits for the old loop for as
 * long as that is busy, and so is measured with an idle one only).
 *
 * <p>An invocation moves {@value #CONNECTIONS} connections one after the other, so that the hop of the measuring thread
 * to the thief is shared by many; the figures are for one connection.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class TakeoverBenchmark {
    private static final int CONNECTIONS = 256;

    private ServerSocket server;
    private final List<Socket> peers = new ArrayList<>();
    private TestLoops loops;
    private final MovableSocketChannel[] channels = new MovableSocketChannel[CONNECTIONS];
    private int thief = 1;
    private CountDownLatch release = new CountDownLatch(0);

    private MultiThreadIoEventLoopGroup netty;
    private final Channel[] nettyChannels = new Channel[CONNECTIONS];
    private final EventLoop[] nettyLoops = new EventLoop[2];
    private int nettyTarget = 1;

    /** Opens the connections of both. */
    @Setup
    public void open() throws Exception {
        server = new ServerSocket(0, CONNECTIONS, InetAddress.getLoopbackAddress());
        loops = TestLoops.start(new EpollProvider(), 2);
        netty = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
        nettyLoops[0] = netty.next();
        nettyLoops[1] = netty.next();
        for (int i = 0; i < CONNECTIONS; i++) {
            channels[i] =
                    loops.connect(loops.loop(0), server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter());
            peers.add(server.accept());
            nettyChannels[i] = new Bootstrap()
                    .group(nettyLoops[0])
                    .channel(NioSocketChannel.class)
                    .handler(new ChannelInboundHandlerAdapter())
                    .connect(server.getLocalSocketAddress())
                    .sync()
                    .channel();
            peers.add(server.accept());
        }
    }

    /** Closes everything. */
    @TearDown
    public void close() throws Exception {
        release.countDown();
        for (Socket peer : peers) {
            peer.close();
        }
        server.close();
        loops.close();
        netty.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }

    private void take(BatonLoop by) {
        for (MovableSocketChannel channel : channels) {
            if (channel.takeover(by) != TakeoverResult.TAKEN) {
                throw new AssertionError("refused");
            }
            channel.leave();
        }
    }

    /** The old loop sleeps in its poller. */
    @Benchmark
    @OperationsPerInvocation(CONNECTIONS)
    public void takeoverFromAnIdleLoop() throws Exception {
        BatonLoop by = loops.loop(thief);
        by.submit(() -> take(by)).get();
        thief = 1 - thief;
    }

    /** Every invocation: loop 0 has all connections, and then is blocked. */
    @State(Scope.Benchmark)
    public static class Blocked {
        /** Gives the connections back to loop 0 and blocks it. */
        @Setup(Level.Invocation)
        public void block(TakeoverBenchmark bench) throws Exception {
            bench.release.countDown();
            BatonLoop zero = bench.loops.loop(0);
            zero.submit(() -> {
                        if (bench.channels[0].loop() != zero) {
                            bench.take(zero);
                        }
                    })
                    .get();
            CountDownLatch reached = new CountDownLatch(1);
            CountDownLatch end = new CountDownLatch(1);
            bench.release = end;
            zero.execute(() -> {
                reached.countDown();
                try {
                    end.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            reached.await();
        }
    }

    /** The old loop is blocked in a callback. */
    @Benchmark
    @OperationsPerInvocation(CONNECTIONS)
    public void takeoverFromABlockedLoop(Blocked blocked) throws Exception {
        BatonLoop by = loops.loop(1);
        by.submit(() -> take(by)).get();
    }

    /** Netty's way: the old loop takes part. */
    @Benchmark
    @OperationsPerInvocation(CONNECTIONS)
    public void nettyDeregisterAndRegister() throws Exception {
        EventLoop target = nettyLoops[nettyTarget];
        for (Channel channel : nettyChannels) {
            channel.deregister().sync();
            target.register(channel).sync();
        }
        nettyTarget = 1 - nettyTarget;
    }
}
