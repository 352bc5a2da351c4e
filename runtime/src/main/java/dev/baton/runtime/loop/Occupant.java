package dev.baton.runtime.loop;

/** A channel that a loop's thread can enter. Only on that thread. */
public interface Occupant {
    /** Code that ran here threw, and its caller has swallowed the exception. Throws nothing. */
    void threw(Throwable cause);
}
