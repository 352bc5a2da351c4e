package dev.baton.runtime.loop;

import dev.baton.runtime.loop.SleepLincheckTest.Alarm;
import dev.baton.runtime.loop.SleepLincheckTest.Mutation;
import dev.baton.spi.poller.PollSink;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoRegistration;
import java.util.concurrent.atomic.AtomicBoolean;

/** The sleep and the wakeup of a loop once more, with one deliberate error or none. */
final class MutantIo implements IoHandler {
    private static final PollSink NO_EVENTS = (number, generation, ready) -> false;

    private final Mutation mutation;
    private final Alarm poller;
    private final AtomicBoolean sleeping = new AtomicBoolean();

    MutantIo(Mutation mutation, Alarm poller) {
        this.mutation = mutation;
        this.poller = poller;
    }

    @Override
    public int run(IoHandlerContext context) {
        if (!context.canBlock()) {
            return poller.poll(0, NO_EVENTS);
        }
        if (mutation != Mutation.NEVER_ANNOUNCES) {
            sleeping.set(true);
        }
        boolean sleep = mutation == Mutation.NO_SECOND_LOOK || context.canBlock();
        try {
            return poller.poll(sleep ? context.delayNanos(0) : 0, NO_EVENTS);
        } finally {
            sleeping.set(false);
        }
    }

    @Override
    public void wakeup() {
        if (sleeping.get() && (mutation == Mutation.WAKES_TWICE || sleeping.compareAndSet(true, false))) {
            poller.wakeup();
        }
    }

    @Override
    public IoRegistration register(IoHandle handle) {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return false;
    }
}
