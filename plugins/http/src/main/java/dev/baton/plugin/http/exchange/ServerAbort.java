package dev.baton.plugin.http.exchange;

/** What a server has said when it ended a response before its end, as far as it concerns the client. */
public enum ServerAbort {
    /** It has failed, or has said nothing that holds for the client too. */
    FAILED,
    /** It has given the call up: what was asked for is not needed any longer. */
    CANCELLED,
    /** The call asks too much of it: the client should ask less often, or for less. */
    TOO_MUCH
}
