package dev.baton.testkit.sim;

import dev.baton.runtime.posix.FdLimit;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.posix.Errno;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** Numbers and open files: a number that was closed is given out again at once, the lowest first. */
abstract class DescriptorCalls implements Posix {
    private static final int FIRST_NUMBER = 3;
    private static final int NUMBERS_MAX = 1_024;

    private final Simulation simulation;
    private final Faults faults;
    private final List<@Nullable Descriptor> descriptors = new ArrayList<>();
    private final Set<Integer> others = new HashSet<>();
    private int limit = NUMBERS_MAX;
    private IntConsumer closeWatch = number -> {};

    /** A number's own part. */
    private static final class Descriptor {
        final OpenFile file;
        boolean closeOnExec = true;

        Descriptor(OpenFile file) {
            this.file = file;
        }
    }

    DescriptorCalls(Simulation simulation) {
        this.simulation = simulation;
        this.faults = new Faults(simulation);
    }

    // ---- files: there are none ------------------------------------------------------------------------------------

    @Override
    public final int setMode(int fd, int mode) {
        return 0;
    }

    @Override
    public final int userId(String name) {
        return -Errno.ENOENT;
    }

    @Override
    public final int hold(Path file, FileWork work) {
        return -Errno.ENOENT;
    }

    // ---- for tests ------------------------------------------------------------------------------------------------

    /** Errors to answer. */
    public final Faults faults() {
        return faults;
    }

    /** How many numbers there may be. */
    public final void limit(int numbers) {
        limit = numbers;
    }

    /** Is told of each number before it is closed. */
    public final void watchCloses(IntConsumer watch) {
        closeWatch = watch;
    }

    /** The numbers that are open now. */
    public final List<Integer> open() {
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < descriptors.size(); i++) {
            if (descriptors.get(i) != null) {
                numbers.add(i);
            }
        }
        return numbers;
    }

    /** The virtual machine opens a file of its own: takes the lowest free number, which nothing else may close. */
    public final int openOther() {
        int number = newNumber(new EventFile(simulation));
        others.add(number);
        return number;
    }

    /** The virtual machine closes a file of its own. */
    public final void closeOther(int number) {
        if (!others.remove(number)) {
            throw new AssertionError(number + " is not the virtual machine's");
        }
        giveUp(number);
    }

    final Simulation simulation() {
        return simulation;
    }

    final int pick(int bound) {
        return simulation.pick(bound);
    }

    // ---- numbers --------------------------------------------------------------------------------------------------

    final @Nullable OpenFile file(int number) {
        Descriptor descriptor = number < 0 || number >= descriptors.size() ? null : descriptors.get(number);
        return descriptor == null ? null : descriptor.file;
    }

    final int newNumber(OpenFile file) {
        int number = FIRST_NUMBER;
        while (number < descriptors.size() && descriptors.get(number) != null) {
            number++;
        }
        if (number >= limit) {
            file.release();
            return -Errno.EMFILE;
        }
        while (descriptors.size() <= number) {
            descriptors.add(null);
        }
        descriptors.set(number, new Descriptor(file));
        return number;
    }

    /** Takes a number back before it is handed out. */
    final void giveUp(int number) {
        descriptor(number).file.release();
        descriptors.set(number, null);
    }

    final boolean isFull() {
        return open().size() + FIRST_NUMBER >= limit;
    }

    /** A call begins: a point, then perhaps an error. */
    final int enter(String call, int number) {
        simulation.point(number < 0 ? call : call + "(" + number + ")");
        int errno = faults.next(call);
        return errno == 0 ? 0 : done(-errno);
    }

    final int done(int result) {
        simulation.trace().result(result < 0 ? "-" + Errno.name(-result) : Integer.toString(result));
        return result;
    }

    @Override
    public int close(int fd) {
        int failed = enter("close", fd);
        Descriptor descriptor = fd < 0 || fd >= descriptors.size() ? null : descriptors.get(fd);
        if (descriptor == null) {
            simulation.fail(new AssertionError("number " + fd + " is closed and is not open"));
            return -Errno.EBADF;
        }
        if (others.contains(fd)) {
            simulation.fail(new AssertionError("number " + fd + " is closed and is the virtual machine's by now"));
        }
        closeWatch.accept(fd);
        descriptors.set(fd, null);
        descriptor.file.release();
        int result = failed != 0 ? failed : done(0);
        // The number is free, and the thread that closed it has not continued: what must be done before a close can be
        // missed
        // here.
        simulation.point("close.return");
        return result;
    }

    @Override
    public int dup(int fd) {
        int failed = enter("dup", fd);
        OpenFile file = file(fd);
        if (failed != 0 || file == null) {
            return failed != 0 ? failed : done(-Errno.EBADF);
        }
        file.hold();
        return done(newNumber(file));
    }

    @Override
    public int memoryFile(String name) {
        throw new UnsupportedOperationException("nothing outlives a simulation");
    }

    @Override
    public int dupTo(int fd, int number) {
        throw new UnsupportedOperationException("the standard streams are no part of the simulation");
    }

    @Override
    public int statusFlags(int fd) {
        OpenFile file = file(fd);
        return file == null ? -Errno.EBADF : file.statusFlags;
    }

    @Override
    public int setStatusFlags(int fd, int flags) {
        OpenFile file = file(fd);
        if (file == null) {
            return -Errno.EBADF;
        }
        file.statusFlags = flags;
        return 0;
    }

    @Override
    public int inputSignal(int fd) {
        OpenFile file = file(fd);
        return file == null ? -Errno.EBADF : file.inputSignal;
    }

    @Override
    public int setInputSignal(int fd, int signal) {
        OpenFile file = file(fd);
        if (file == null) {
            return -Errno.EBADF;
        }
        file.inputSignal = signal;
        return 0;
    }

    @Override
    public int closeOnExec(int fd) {
        return file(fd) == null ? -Errno.EBADF : descriptor(fd).closeOnExec ? 1 : 0;
    }

    @Override
    public int setCloseOnExec(int fd, boolean on) {
        if (file(fd) == null) {
            return -Errno.EBADF;
        }
        descriptor(fd).closeOnExec = on;
        return 0;
    }

    private Descriptor descriptor(int number) {
        Descriptor descriptor = descriptors.get(number);
        if (descriptor == null) {
            throw new AssertionError("number " + number + " is not open");
        }
        return descriptor;
    }

    @Override
    public FdLimit fdLimit() {
        return new FdLimit(limit, limit);
    }

    @Override
    public int openFds() {
        return FIRST_NUMBER + open().size();
    }

    @Override
    public FdLimit raiseFdLimit() {
        return fdLimit();
    }

    @Override
    public boolean isTerminal(int fd) {
        return false;
    }
}
