package dev.baton.simulation;

import dev.baton.runtime.fd.FdHandler;
import dev.baton.runtime.fd.FdTable;
import dev.baton.spi.fd.Fd;
import dev.baton.spi.fd.FdKind;
import dev.baton.testkit.sim.World;

/** An fd that all loops of a world may enter, with nothing behind it but a callback in which they can be met. */
final class SharedFd implements FdHandler {
    private final World world;
    private final Runnable callback;
    private final Fd fd;
    int entered;
    int told;

    private SharedFd(World world, int loops, Runnable callback) {
        this.world = world;
        this.callback = callback;
        int[] sharers = new int[loops];
        for (int i = 0; i < loops; i++) {
            sharers[i] = i;
        }
        this.fd = world.table().fdInsertShared(world.posix().eventfd(), FdKind.LISTENER, "test", this, sharers);
        world.table().leave(fd);
    }

    static SharedFd open(World world, int loops, Runnable callback) {
        return new SharedFd(world, loops, callback);
    }

    Fd fd() {
        return fd;
    }

    /** On a loop's thread: enters, runs the callback, leaves; as the dispatcher does it. */
    void use(int loop) {
        if (world.table().enter(fd.number(), fd.generation(), loop) == FdTable.Entry.ENTERED) {
            dispatch(loop, 0);
        }
    }

    @Override
    public void dispatch(int loop, int ready) {
        entered++;
        try {
            callback.run();
        } finally {
            world.table().leave(fd);
        }
    }

    @Override
    public void finalizing(int lastOwner) {}

    @Override
    public void closed() {
        told++;
    }
}
