package dev.baton.it.http;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** A server behind the proxy, on real sockets; a test plays its connections, each in a thread of its own. */
final class Origin implements AutoCloseable {
    private static final int BACKLOG = 500;

    /** What happens on a connection; it is closed when this returns or throws. */
    @FunctionalInterface
    interface Play {
        /**
         * Plays a connection to its end.
         *
         * @param number 0 for the first that was accepted
         */
        void play(HttpStream connection, int number) throws Exception;
    }

    /** What plays threw other than I/O errors: for tests to look at. */
    final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();

    private final Play play;
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "origin");
        thread.setDaemon(true);
        return thread;
    });
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger accepted = new AtomicInteger();

    /** Keeps the port while nobody listens. */
    private final Socket place = new Socket();

    private final int port;
    private ServerSocket listening;

    Origin(Play play) throws IOException {
        this.play = play;
        place.setOption(StandardSocketOptions.SO_REUSEPORT, true);
        place.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        port = place.getLocalPort();
        listening = listen();
    }

    /** {@code host:port}, as in the configuration of an upstream. */
    String address() {
        return "127.0.0.1:" + port;
    }

    /** Connections so far. */
    int accepted() {
        return accepted.get();
    }

    private ServerSocket listen() throws IOException {
        ServerSocket server = new ServerSocket();
        server.setOption(StandardSocketOptions.SO_REUSEPORT, true);
        server.bind(place.getLocalSocketAddress(), BACKLOG);
        threads.execute(() -> {
            try {
                while (true) {
                    Socket socket = server.accept();
                    int number = accepted.getAndIncrement();
                    open.add(socket);
                    threads.execute(() -> serve(socket, number));
                    if (server.isClosed()) {
                        socket.close();
                    }
                }
            } catch (IOException e) {
                // Closed: it was stopped.
            }
        });
        return server;
    }

    private void serve(Socket socket, int number) {
        try (socket) {
            play.play(new HttpStream(socket), number);
        } catch (IOException e) {
            // The proxy closed it, or stop() did.
        } catch (Throwable t) { // an assertion too
            failures.add(t);
        } finally {
            open.remove(socket);
        }
    }

    /** Refuses connections and closes those that are open. */
    synchronized void stop() throws IOException {
        listening.close();
        for (Socket socket : open) {
            socket.close();
        }
    }

    /** Listens again. */
    synchronized void restart() throws IOException {
        listening = listen();
    }

    @Override
    public void close() throws IOException {
        stop();
        place.close();
        threads.shutdownNow();
    }
}
