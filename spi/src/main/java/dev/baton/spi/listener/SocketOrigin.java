package dev.baton.spi.listener;

/**
 * How a listener comes to its sockets, and with that what suspending and unbinding it can do.
 *
 * <pre>
 *              suspend                                   unbind
 * MADE         PAUSED: bound, the kernel queues          UNBOUND: the address can be bound again
 * INHERITED    PAUSED: bound, the kernel queues          RELEASED: free only if no other process has kept it
 * SHARED       PAUSED: other processes go on accepting   RELEASED: other processes go on accepting
 * </pre>
 */
public enum SocketOrigin {
    /** The runtime makes the socket, has it bound and lets it listen. No other process holds it. */
    MADE,
    /** It came bound and listening from the process that started this one, which may have kept a copy. */
    INHERITED,
    /** Other processes accept on it at the same time, or will: what is left in its queue is theirs. */
    SHARED
}
