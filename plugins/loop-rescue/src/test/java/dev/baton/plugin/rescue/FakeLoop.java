package dev.baton.plugin.rescue;

import dev.baton.spi.fd.Fd;
import dev.baton.spi.loop.BoundConnections;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.LoopThread;
import dev.baton.spi.loop.Rescue;
import dev.baton.spi.loop.RunningFd;
import dev.baton.spi.loop.WatchedLoop;
import dev.baton.testkit.ManualLoop;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A loop that does what the test says, and the kernel's word on its thread. */
final class FakeLoop implements WatchedLoop {
    private final ManualLoop loop;
    long progress;
    boolean waiting;
    long cpuNanos;
    boolean runnable;
    boolean blocked;
    boolean rescuesEndAtOnce;
    boolean spare;
    boolean inLane;
    int helpers = 1;
    List<BoundConnections> bound = List.of();
    final List<FakeRescue> rescues = new ArrayList<>();

    FakeLoop(int id) {
        this.loop = new ManualLoop(id);
    }

    static final class FakeRescue implements Rescue {
        private final int helpers;
        boolean over;
        int taken;

        FakeRescue(int helpers) {
            this.helpers = helpers;
        }

        @Override
        public void end() {
            over = true;
        }

        @Override
        public boolean isOver() {
            return over;
        }

        @Override
        public int helpers() {
            return helpers;
        }

        @Override
        public int listed() {
            return taken;
        }

        @Override
        public int taken() {
            return taken;
        }

        @Override
        public int refused() {
            return 0;
        }
    }

    @Override
    public Loop loop() {
        return loop;
    }

    @Override
    public boolean isSpare() {
        return spare;
    }

    @Override
    public boolean isInLane() {
        return inLane;
    }

    @Override
    public long progress() {
        return progress;
    }

    @Override
    public List<BoundConnections> bound() {
        return bound;
    }

    @Override
    public boolean isWaiting() {
        return waiting;
    }

    @Override
    public @Nullable LoopThread thread() {
        return new LoopThread(Thread.currentThread(), loop.id() + 1);
    }

    @Override
    public List<RunningFd> running() {
        return List.of(new RunningFd(new Fd(17, 3), "shop"));
    }

    @Override
    public void blocked(boolean now) {
        blocked = now;
    }

    @Override
    public Rescue rescue() {
        FakeRescue rescue = new FakeRescue(helpers);
        rescue.over = rescuesEndAtOnce;
        rescues.add(rescue);
        return rescue;
    }
}
