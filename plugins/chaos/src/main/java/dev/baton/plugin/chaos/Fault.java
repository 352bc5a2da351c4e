package dev.baton.plugin.chaos;

import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/** What goes wrong: time that a thread loses, and what a callback throws. */
final class Fault {

    private Fault() {}

    /** What a callback can throw. */
    enum Kind {
        /** As a bug does. */
        RUNTIME_EXCEPTION {
            @Override
            void raise() {
                throw new IllegalStateException("thrown on request");
            }
        },
        /** As a failed assertion does. */
        ASSERTION_ERROR {
            @Override
            void raise() {
                throw new AssertionError("thrown on request");
            }
        },
        /** As an allocation does; nothing was really allocated. */
        OUT_OF_MEMORY_ERROR {
            @Override
            void raise() {
                throw new OutOfMemoryError("thrown on request");
            }
        },
        /** By really overflowing the stack. */
        STACK_OVERFLOW_ERROR {
            @Override
            @SuppressWarnings("InfiniteRecursion") // that is the purpose
            void raise() {
                raise();
            }
        },
        /** As a class that does not fit does. */
        LINKAGE_ERROR {
            @Override
            void raise() {
                throw new NoClassDefFoundError("thrown on request");
            }
        };

        abstract void raise();

        /** The word in a path or a parameter: {@code out-of-memory-error}. */
        String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        /**
         * The kind of a word.
         *
         * @throws IllegalArgumentException if there is none
         */
        static Kind of(String word) {
            return Arrays.stream(values())
                    .filter(kind -> kind.word().equals(word))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("there is no kind \"" + word + "\"; there is: "
                            + Arrays.stream(values()).map(Kind::word).collect(Collectors.joining(", "))));
        }
    }

    /** Stops the calling thread for a time, as a call that blocks does; an interrupt does not shorten it. */
    static void block(long millis) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        boolean interrupted = false;
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Keeps the calling thread busy for a time, as a computation does. */
    static void spin(long millis) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (end - System.nanoTime() > 0) {
            Thread.onSpinWait();
        }
    }
}
