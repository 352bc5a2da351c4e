package dev.baton.plugin.tcplistener;

import dev.baton.spi.listener.BoundSocket;
import dev.baton.spi.posix.NativeMemory;
import dev.baton.spi.posix.SocketCalls;
import dev.baton.spi.posix.SocketOptions;
import dev.baton.spi.posix.Sockets;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the kernel tells of the connections that a listening socket has not given to accept yet. */
final class TcpQueues {
    private static final Logger LOG = LoggerFactory.getLogger(TcpQueues.class);

    /** Of struct tcp_info: as much of it as is needed, which every kernel has. */
    private static final int INFO_SIZE = 32;
    /** tcpi_unacked: of a listening socket, the length of its accept queue. */
    private static final int UNACKED = 24;

    private static final List<Path> TABLES = List.of(Path.of("/proc/net/tcp"), Path.of("/proc/net/tcp6"));
    /** The columns are: number, local address, remote address, state. */
    private static final String SYN_RECV = "03";

    private TcpQueues() {}

    /** How many connections wait for accept. */
    static int waiting(int number, SocketCalls calls) {
        try (NativeMemory info = NativeMemory.allocate(INFO_SIZE)) {
            int length = calls.option(number, Sockets.IPPROTO_TCP, SocketOptions.TCP_INFO, info.address(), INFO_SIZE);
            return length < UNACKED + Integer.BYTES ? BoundSocket.UNKNOWN : info.getInt(UNACKED);
        }
    }

    /** How many handshakes are under way on a port of this machine. */
    static int handshakes(int port) {
        String local = String.format(":%04X", port);
        int count = 0;
        for (Path table : TABLES) {
            try (BufferedReader lines = Files.newBufferedReader(table, StandardCharsets.US_ASCII)) {
                String line = lines.readLine();
                while (line != null) {
                    String[] columns = line.strip().split(" +", 5);
                    if (columns.length == 5 && columns[1].endsWith(local) && columns[3].equals(SYN_RECV)) {
                        count++;
                    }
                    line = lines.readLine();
                }
            } catch (NoSuchFileException none) {
                LOG.debug("this kernel has no {}", table, none);
            } catch (IOException e) {
                LOG.warn("cannot read {}: handshakes in progress are not waited for", table, e);
            }
        }
        return count;
    }
}
