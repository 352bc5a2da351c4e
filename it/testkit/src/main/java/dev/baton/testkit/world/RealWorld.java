package dev.baton.testkit.world;

import dev.baton.runtime.config.RootConfig;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.Posix;
import dev.baton.runtime.server.Foundation;
import dev.baton.runtime.server.Server;
import dev.baton.runtime.server.StartException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;

/** The server of the launcher with its Vert.x loops, on the kernel's sockets. */
final class RealWorld extends PluginWorld {
    private static final Duration LOOK_EVERY = Duration.ofMillis(5);

    /** One for the process, as in production: it keeps native memory for good. */
    private static final class Kernel {
        static final Posix POSIX = new JnrPosix();
    }

    private @Nullable NumberAccount numbers;

    RealWorld(Duration closing) {
        super(closing);
    }

    @Override
    public Where where() {
        return Where.REAL;
    }

    @Override
    void run(Body body) throws Throwable {
        begin();
        Throwable failed = null;
        try {
            body.run();
            leave();
        } catch (Throwable t) { // rethrown to the test, after the server's end
            failed = t;
            t.addSuppressed(new Dump(dump() + "\nthreads:" + threads()));
        }
        try {
            end();
            // A poller's own fds go with its last user, who may be the thread that woke it up for the end.
            holds("nothing open", this::isAllClosed, closing());
            check();
        } catch (Throwable t) {
            if (failed == null) {
                throw t;
            }
            failed.addSuppressed(t);
        }
        if (failed != null) {
            throw failed;
        }
    }

    /** Carries text into the report of a failure. */
    private static final class Dump extends Exception {
        Dump(String text) {
            super(text, null, false, false);
        }
    }

    private static String threads() {
        StringBuilder text = new StringBuilder();
        for (Map.Entry<Thread, StackTraceElement[]> each :
                Thread.getAllStackTraces().entrySet()) {
            text.append("\n  ").append(each.getKey().getName());
            for (StackTraceElement frame : each.getValue()) {
                text.append("\n      at ").append(frame);
            }
        }
        return text.toString();
    }

    @Override
    Posix posix(Fds fds) {
        NumberAccount made = new NumberAccount(Kernel.POSIX, fds::closing);
        numbers = made;
        return made.posix();
    }

    @Override
    Server assemble(Foundation foundation, RootConfig config, FdAccount account) throws StartException {
        return Server.assemble(foundation, config);
    }

    @Override
    @Nullable
    Wire wire(SocketAddress address) throws IOException {
        try {
            return new RealWire(SocketChannel.open(address));
        } catch (ConnectException refused) {
            return null;
        }
    }

    @Override
    Origin newOrigin() throws IOException {
        ServerSocketChannel listening = ServerSocketChannel.open()
                .bind(new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0));
        listening.configureBlocking(false);
        return new Origin(
                "127.0.0.1:" + ((InetSocketAddress) listening.getLocalAddress()).getPort(), new RealDoor(listening));
    }

    @Override
    boolean holds(String what, BooleanSupplier condition, Duration limit) {
        try {
            Awaitility.await()
                    .atMost(limit)
                    .pollDelay(Duration.ZERO)
                    .pollInterval(LOOK_EVERY)
                    .until(condition::getAsBoolean);
            return true;
        } catch (ConditionTimeoutException late) {
            return false;
        }
    }

    @Override
    Collection<Integer> openNumbers() {
        return numbers == null ? List.of() : numbers.open();
    }

    /** A listening socket of the JDK. */
    private record RealDoor(ServerSocketChannel listening) implements Origin.Door {
        @Override
        public @Nullable Wire accept(Duration limit) {
            try (Selector selector = Selector.open()) {
                listening.register(selector, SelectionKey.OP_ACCEPT);
                long deadline = System.nanoTime() + limit.toNanos();
                SocketChannel accepted = listening.accept();
                while (accepted == null && deadline - System.nanoTime() > 0) {
                    selector.select(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
                    selector.selectedKeys().clear();
                    accepted = listening.accept();
                }
                return accepted == null ? null : new RealWire(accepted);
            } catch (IOException e) {
                throw new AssertionError("cannot accept: " + e, e);
            }
        }

        @Override
        public void close() {
            try {
                listening.close();
            } catch (IOException e) {
                throw new AssertionError("cannot close: " + e, e);
            }
        }
    }
}
