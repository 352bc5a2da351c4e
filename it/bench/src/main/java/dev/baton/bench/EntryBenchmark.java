package dev.baton.bench;

import dev.baton.plugin.epoll.EpollProvider;
import dev.baton.runtime.channel.MovableSocketChannel;
import dev.baton.runtime.loop.BatonLoop;
import dev.baton.testkit.TestLoops;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
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
 * What it costs to enter a channel and leave it on the loop that owns it, as each event does: the claim and all else.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class EntryBenchmark {
    private static final int ENTRIES = 100_000;

    private ServerSocket server;
    private TestLoops loops;
    private BatonLoop loop;
    private MovableSocketChannel channel;

    /** An idle connection. */
    @Setup
    public void open() throws Exception {
        server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        loops = TestLoops.start(new EpollProvider(), 1);
        loop = loops.loop(0);
        channel = loops.connect(loop, server.getLocalSocketAddress(), new ChannelInboundHandlerAdapter());
    }

    /** Closes it. */
    @TearDown
    public void close() throws Exception {
        server.close();
        loops.close();
    }

    /** Enter and leave, many times in one task of the loop. */
    @Benchmark
    @OperationsPerInvocation(ENTRIES)
    public void enterAndLeaveChannel() throws Exception {
        loop.submit(() -> {
                    for (int i = 0; i < ENTRIES; i++) {
                        if (!channel.tryEnter()) {
                            throw new AssertionError("refused");
                        }
                        channel.leave();
                    }
                })
                .get();
    }
}
