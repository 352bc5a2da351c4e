package dev.baton.plugin.inherited;

import dev.baton.spi.listener.InvalidBindException;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.ListenerKind;
import java.io.IOException;
import java.util.Map;

/**
 * Listens on a socket that systemd holds for the service, by the name that its unit gives it: {@code systemd@web} is
 * the one of {@code FileDescriptorName=web} (or, without that, of the name of the socket unit).
 *
 * <p>By the protocol of sd_listen_fds_with_names(3): {@code LISTEN_PID} must be this process, {@code LISTEN_FDS} says
 * how many there are from number 3 on, {@code LISTEN_FDNAMES} their names, parted by colons. systemd keeps them: what
 * waits in one whose service has ended is for the next start.
 */
public final class SystemdListenerKind implements ListenerKind {
    private static final String PREFIX = "systemd@";
    private static final String PID = "LISTEN_PID";
    private static final String COUNT = "LISTEN_FDS";
    private static final String NAMES = "LISTEN_FDNAMES";
    /** What systemd calls those without a name. */
    private static final String NAMELESS = "unknown";
    /** What FileDescriptorName= takes. */
    private static final int NAME_CHARS_MAX = 255;

    private final Map<String, String> environment;
    private final long pid;

    /** For Guice. */
    public SystemdListenerKind() {
        this(System.getenv(), ProcessHandle.current().pid());
    }

    SystemdListenerKind(Map<String, String> environment, long pid) {
        this.environment = environment;
        this.pid = pid;
    }

    @Override
    public String name() {
        return "systemd";
    }

    @Override
    public boolean claims(String bind) {
        return bind.startsWith(PREFIX);
    }

    @Override
    public ListenerEndpoint parse(String bind) {
        String name = bind.substring(PREFIX.length());
        boolean fits = !name.isEmpty()
                && name.length() <= NAME_CHARS_MAX
                && name.chars().allMatch(c -> c > ' ' && c < 0x7f && c != ':');
        if (!fits) {
            throw new InvalidBindException(
                    "\"" + bind + "\" names no socket of systemd; write it as in systemd@web, with"
                            + " the FileDescriptorName= of the socket unit");
        }
        return new InheritedEndpoint(bind, "systemd", () -> number(bind, name));
    }

    private int number(String bind, String wanted) throws IOException {
        String meant = environment.get(PID);
        if (meant == null || !meant.equals(Long.toString(pid))) {
            throw new IOException("cannot use " + bind + ": systemd has passed no sockets to this process (" + PID
                    + (meant == null ? " is not set" : " is " + meant + ", this is " + pid) + ")");
        }
        int count = count(bind);
        String[] names = environment.getOrDefault(NAMES, "").split(":", -1);
        boolean named = environment.containsKey(NAMES);
        int found = -1;
        for (int i = 0; i < count; i++) {
            if ((named && i < names.length ? names[i] : NAMELESS).equals(wanted)) {
                if (found >= 0) {
                    throw new IOException("cannot use " + bind + ": several sockets have this name, fd@" + found
                            + " and fd@" + (InheritedSocket.FIRST + i)
                            + " for example; use those, or give each a unit of"
                            + " its own");
                }
                found = InheritedSocket.FIRST + i;
            }
        }
        if (found < 0) {
            throw new IOException("cannot use " + bind + ": systemd has passed "
                    + (count == 0 ? "none" : named ? String.join(", ", names) : count + " without names"));
        }
        return found;
    }

    private int count(String bind) throws IOException {
        String count = environment.getOrDefault(COUNT, "");
        if (!count.matches("[0-9]{1,6}")) {
            throw new IOException("cannot use " + bind + ": " + COUNT + " is \"" + count + "\", no number");
        }
        return Integer.parseInt(count);
    }
}
