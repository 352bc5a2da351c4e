package dev.baton.runtime.channel;

/**
 * The socket of a connection that goes to another process, or comes from one.
 *
 * @param number the kernel's number in this process: of who has this object, to be used or closed
 * @param unsent what was written and is not with the kernel yet
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record PackedSocket(int number, byte[] unsent) {}
