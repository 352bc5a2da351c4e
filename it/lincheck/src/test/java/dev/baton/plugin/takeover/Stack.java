package dev.baton.plugin.takeover;

/** What the stack of idle connections and its mutants have in common; connections are numbers. */
interface Stack {
    int IDS = 4;
    int NOTHING = -1;

    void push(int id);

    /** A connection for the caller, or {@link #NOTHING}. */
    int pop();

    /** Withdraws a connection; true if the caller is the one that did. */
    boolean withdraw(int id);

    /** Unlinks the dead. */
    void walk();

    /** Dead ones that are still linked. */
    int dead();
}
