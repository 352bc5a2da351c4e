package dev.baton.spi.posix;

import dev.baton.spi.ByBaton;
import dev.baton.spi.threading.AnyThread;
import java.nio.file.Path;
import java.util.List;

/** Servers on unix sockets that plugins open through Vert.x: who may reach them. */
@ByBaton
public interface UnixServers {

    /**
     * Guards the server that is going to listen at a path. A socket there that no process serves is removed, the new
     * file has its mode from its first moment, and a connection is closed at accept, with a line in the log, unless its
     * process runs as root, as this process's user or as one of those named. A name that does not exist makes the bind
     * fail.
     *
     * @param file the path as it will be given to Vert.x
     * @param mode permissions of the file, such as 0600
     * @param users further users who may connect, names or numbers
     */
    @AnyThread
    void guard(Path file, int mode, List<String> users);
}
