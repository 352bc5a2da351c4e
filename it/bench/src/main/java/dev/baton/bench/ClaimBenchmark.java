package dev.baton.bench;

import dev.baton.runtime.fd.FdHandler;
import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.fd.FdPollers;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What the claim word costs on the hot path: one enter and one leave without contention. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class ClaimBenchmark {
    private static final int NUMBER = 1_000;

    private FdTable table;
    private Fd fd;

    /** One fd, owned by loop 0 and idle. */
    @Setup
    public void insert() {
        FdPollers pollers = new FdPollers() {
            @Override
            public boolean closeRemoves() {
                return true;
            }

            @Override
            public void remove(int loop, Fd removed) {
                throw new AssertionError("nothing is removed here");
            }
        };
        FdHandler handler = new FdHandler() {
            @Override
            public void dispatch(int loop, int ready) {
                throw new AssertionError("nothing is dispatched here");
            }

            @Override
            public void finalizing(int lastOwner) {
                throw new AssertionError("nothing is deleted here");
            }

            @Override
            public void closed() {
                throw new AssertionError("nothing is deleted here");
            }
        };
        table = new FdTable(new JnrPosix(), pollers, new FdObservers());
        fd = table.fdInsert(NUMBER, FdKind.DOWNSTREAM, "bench", handler, 0);
        table.leave(fd);
    }

    /** Enter and leave. */
    @Benchmark
    public FdTable.Entry enterAndLeave() {
        FdTable.Entry entry = table.enter(NUMBER, fd.generation(), 0);
        table.leave(fd);
        return entry;
    }
}
