package dev.baton.it.upgrade;

import dev.baton.runtime.fd.FdObservers;
import dev.baton.runtime.fd.FdTable;
import dev.baton.runtime.loop.LoopRegistry;
import dev.baton.runtime.pack.Parcel;
import dev.baton.runtime.posix.JnrPosix;
import dev.baton.runtime.posix.Posix;
import dev.baton.runtime.upgrade.Giver;
import dev.baton.runtime.upgrade.HandedListener;
import dev.baton.runtime.upgrade.HandoffAddress;
import dev.baton.runtime.upgrade.Peer;
import dev.baton.runtime.upgrade.Receiver;
import dev.baton.runtime.upgrade.Receiver.Arrivals;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One side of a handoff that stops at a step, as a process of its own: {@code successor STEP die|hang}, or
 * {@code predecessor STEP COMMAND...}, which writes its port in place of PORT into the {@code baton.yaml} of its
 * folder, and is killed by the signal that nobody can do anything about.
 */
final class FakeProcesses {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    /** How many live connections a successor takes that stops at {@code parcel}. */
    static final int TAKEN = 5;

    private FakeProcesses() {}

    public static void main(String[] arguments) throws IOException {
        Posix posix = new JnrPosix();
        FdTable table = new FdTable(posix, new LoopRegistry(), new FdObservers());
        if (arguments[0].equals("successor")) {
            succeed(posix, table, arguments[1], arguments[2].equals("hang"));
        } else {
            precede(posix, table, arguments[1], List.of(arguments).subList(2, arguments.length));
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
        receiver.ready(List.of(), (out, err) -> {});
        if (!step.startsWith("parcel")) {
            end(hang); // it was told to serve
        }
        receiver.serving();
        if (step.equals("parcels")) {
            end(hang); // it answers none
        }
        receiver.follow(LIMIT, (suspended, resumed) -> {}, idle -> receiver.discard(idle.number()), new Arrivals() {
            private int count;

            @Override
            public String admit(Parcel parcel) {
                // Those of before were said to be taken, and this one was not.
                if (++count > TAKEN) {
                    end(hang);
                }
                return null;
            }

            @Override
            public void take(Parcel parcel) {
                System.err.println("the fake has taken one");
            }

            @Override
            public void leave(Parcel parcel) {
                throw new AssertionError("the old process lives");
            }
        });
    }

    private static void end(boolean hang) {
        System.err.println("the fake " + (hang ? "hangs" : "dies"));
        System.err.flush();
        while (hang) {
            LockSupport.park();
        }
        Runtime.getRuntime().halt(9);
    }

    private static void precede(Posix posix, FdTable table, String step, List<String> command) throws IOException {
        int listening = listen(posix);
        String bind = text(posix.localAddress(listening));
        Path yaml = Path.of("baton.yaml");
        Files.writeString(yaml, Files.readString(yaml).replace("127.0.0.1:PORT", bind));
        try (HandoffAddress handoff = HandoffAddress.open(table, posix)) {
            ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
            builder.environment().put(HandoffAddress.VARIABLE, handoff.path().toString());
            builder.environment()
                    .put(
                            HandoffAddress.GIVER,
                            Long.toString(ProcessHandle.current().pid()));
            Process child = builder.start();
            Giver giver =
                    Giver.accept(handoff, table, posix, pid -> Peer.descends(pid, child.pid()), child::isAlive, LIMIT);
            HandedListener web = new HandedListener("web", bind, bind, listening);
            if (step.equals("changed")) {
                giver.sendSockets(changed(posix, web), List.of(), List.of("file"), "");
            } else if (!step.equals("connect")) {
                giver.sendSockets(List.of(web), List.of(), List.of(), "");
            }
            if (List.of("ready", "go", "serving", "changed").contains(step)) {
                giver.awaitReady().forEach(note -> System.out.println("note: " + note));
            }
            if (List.of("go", "serving", "changed").contains(step)) {
                giver.go();
            }
            if (List.of("serving", "changed").contains(step)) {
                giver.awaitServing();
            }
            if (step.equals("changed")) {
                giver.released(List.of("web"), List.of("extra"));
            }
            System.out.println("the fake dies at " + step);
            System.out.flush();
            handoff.close(); // its folder is not what this is about
            new ProcessBuilder(
                            "kill", "-9", Long.toString(ProcessHandle.current().pid()))
                    .start();
            while (true) {
                LockSupport.park();
            }
        }
    }

    /**
     * One listener that an operator can have added, and some that none can: what comes with them is not to be believed.
     */
    private static List<HandedListener> changed(Posix posix, HandedListener web) throws IOException {
        return List.of(
                web,
                added(posix, "extra", true, "{\"name\": \"extra\", \"bind\": \"127.0.0.1:0\", \"service\": \"shop\"}"),
                added(posix, "liar", false, "{\"name\": \"liar\", \"bind\": \"127.0.0.1:1\", \"service\": \"shop\"}"),
                added(posix, "garbage", false, "}{"),
                added(posix, "alias", false, "{\"name\": \"x\", \"bind\": \"127.0.0.1:0\", \"service\": \"shop\"}"),
                added(posix, "bogus", false, "{\"name\": \"bogus\", \"bind\": \"127.0.0.1:0\", \"service\": \"shp\"}"),
                added(posix, "file", false, "{\"name\": \"file\", \"bind\": \"127.0.0.1:0\", \"service\": \"shop\"}"));
    }

    private static HandedListener added(Posix posix, String name, boolean suspended, String text) throws IOException {
        int number = listen(posix);
        String address = text(posix.localAddress(number));
        System.out.println("fake " + name + " on " + address + ";");
        return new HandedListener(name, "127.0.0.1:0", address, suspended, text, number);
    }

    private static String text(SocketAddress address) {
        return "127.0.0.1:" + ((InetSocketAddress) address).getPort();
    }

    private static int listen(Posix posix) throws IOException {
        int listening = posix.socket(Sockets.AF_INET, Sockets.SOCK_STREAM, 0);
        posix.setIntOption(listening, SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEADDR, 1);
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        if (posix.bind(listening, address) < 0 || posix.listen(listening, 64) < 0) {
            throw new IOException("cannot bind " + address);
        }
        return listening;
    }

    /** The command line of one. */
    static String java(String... arguments) {
        return Stream.concat(
                        Stream.of(
                                "'" + System.getProperty("java.home") + "/bin/java'",
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                "'" + System.getProperty("java.class.path") + "'",
                                FakeProcesses.class.getName()),
                        Stream.of(arguments))
                .collect(Collectors.joining(" "));
    }
}
