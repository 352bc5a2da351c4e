package dev.baton.it.upgrade;

import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.fd.FdWitness;
import dev.baton.runtime.handoff.Giver;
import dev.baton.runtime.handoff.HandedListener;
import dev.baton.runtime.handoff.HandoffAddress;
import dev.baton.runtime.handoff.Peer;
import dev.baton.runtime.handoff.Receiver;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.Posix;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * One side of a handoff that stops at a step, as a process of its own: {@code successor STEP die|hang}, or
 * {@code predecessor STEP PORT COMMAND...}, which dies.
 */
final class FakeProcesses {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private FakeProcesses() {}

    public static void main(String[] arguments) throws IOException {
        Posix posix = new JnrPosix();
        FdTable table = new FdTable(posix, new LoopRegistry(), new FdWitness());
        if (arguments[0].equals("successor")) {
            succeed(posix, table, arguments[1], arguments[2].equals("hang"));
        } else {
            precede(
                    posix,
                    table,
                    arguments[1],
                    Integer.parseInt(arguments[2]),
                    List.of(arguments).subList(3, arguments.length));
        }
    }

    private static void succeed(Posix posix, FdTable table, String step, boolean hang) throws IOException {
        if (step.equals("start")) {
            end(hang);
        }
        Receiver receiver = Receiver.connect(Path.of(System.getenv(HandoffAddress.VARIABLE)), table, posix);
        if (step.equals("connect")) {
            end(hang);
        }
        receiver.receiveSockets();
        if (step.equals("sockets")) {
            end(hang);
        }
        receiver.ready((out, err) -> {});
        end(hang); // it was told to serve
    }

    private static void end(boolean hang) {
        System.err.println("the fake " + (hang ? "hangs" : "dies"));
        System.err.flush();
        while (hang) {
            LockSupport.park();
        }
        Runtime.getRuntime().halt(9);
    }

    private static void precede(Posix posix, FdTable table, String step, int port, List<String> command)
            throws IOException {
        int listening = posix.socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0);
        posix.setIntOption(listening, SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEADDR, 1);
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        if (posix.bind(listening, address) < 0 || posix.listen(listening, 64) < 0) {
            throw new IOException("cannot bind " + address);
        }
        try (HandoffAddress handoff = HandoffAddress.open(table, posix)) {
            ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
            builder.environment().put(HandoffAddress.VARIABLE, handoff.path().toString());
            Process child = builder.start();
            Giver giver =
                    Giver.accept(handoff, table, posix, pid -> Peer.descends(pid, child.pid()), child::isAlive, LIMIT);
            if (!step.equals("connect")) {
                String bind = "127.0.0.1:" + port;
                giver.sendSockets(List.of(new HandedListener("web", bind, bind, listening)), List.of());
            }
            if (step.equals("ready")) {
                giver.awaitReady();
            } else if (step.equals("go")) {
                giver.awaitReady();
                giver.go();
            }
            System.out.println("the fake dies at " + step);
            System.out.flush();
            handoff.close(); // its folder is not what this is about
            Runtime.getRuntime().halt(9);
        }
    }
}
