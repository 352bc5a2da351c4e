package dev.baton.runtime.upstream;

import java.io.IOException;

/** An operator lets nothing connect to the server now. The server is not to blame, and nothing was sent to it. */
final class ServerClosedException extends IOException {
    private static final long serialVersionUID = 1;

    ServerClosedException(LiveServer server) {
        super("server " + server + " is in maintenance");
    }
}
