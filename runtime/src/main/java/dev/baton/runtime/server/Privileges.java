package dev.baton.runtime.server;

import dev.baton.runtime.config.RootConfig;
import dev.baton.runtime.posix.Identity;
import dev.baton.runtime.server.StartException.Kind;
import dev.baton.spi.posix.PosixException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code user:} and {@code group:} of the configuration: what a process that was started by root becomes once it has
 * bound its listeners. The process of an upgrade is started by that user: it gets the sockets and need not change, and
 * cannot bind what only root can.
 */
final class Privileges {
    private static final Logger LOG = LoggerFactory.getLogger(Privileges.class);

    private Privileges() {}

    /**
     * Becomes what a configuration says, for good.
     *
     * @throws StartException if this process cannot
     */
    static void drop(RootConfig config) throws StartException {
        String user = config.user().orElse(null);
        if (user == null) {
            return;
        }
        Identity wanted = Identity.find(user, config.group().orElse(null));
        if (wanted == null) {
            throw new StartException(
                    Kind.CONFIGURATION,
                    "user: " + user + " has no group of its own here, or is gone: group: names one",
                    null);
        }
        if (wanted.isThisProcess()) {
            return;
        }
        if (Identity.effectiveUser() != 0) {
            throw new StartException(
                    Kind.FAILED,
                    "cannot become user " + user + " (" + wanted.uid() + ", group " + wanted.gid()
                            + "): this process is user "
                            + Identity.effectiveUser()
                            + ", and only root can; after a change of user: or group: the process must be stopped and"
                            + " started by root",
                    null);
        }
        try {
            wanted.become();
        } catch (PosixException e) {
            throw new StartException(Kind.FAILED, String.valueOf(e.getMessage()), e);
        }
        LOG.info("this process is user {} ({}, group {}) from here on", user, wanted.uid(), wanted.gid());
    }
}
