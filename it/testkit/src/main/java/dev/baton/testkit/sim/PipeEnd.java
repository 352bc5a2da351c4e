package dev.baton.testkit.sim;

import dev.baton.spi.posix.EpollEvent;

/** One end of a pipe. */
final class PipeEnd extends OpenFile {
    final ByteRing bytes;
    final boolean reads;

    private PipeEnd(Simulation simulation, ByteRing bytes, boolean reads) {
        super(simulation);
        this.bytes = bytes;
        this.reads = reads;
    }

    /** Both ends of a new one: to read from, to write to. */
    static PipeEnd[] pair(Simulation simulation, int capacity) {
        ByteRing bytes = new ByteRing(capacity);
        return new PipeEnd[] {new PipeEnd(simulation, bytes, true), new PipeEnd(simulation, bytes, false)};
    }

    @Override
    int events() {
        return reads ? bytes.isEmpty() ? 0 : EpollEvent.EPOLLIN : bytes.room() == 0 ? 0 : EpollEvent.EPOLLOUT;
    }

    @Override
    void ended() {}
}
