package dev.baton.runtime.launcher.admin;

/** A running process could not be asked, or refused; the message is for the user. */
public final class AdminException extends Exception {

    public AdminException(String message) {
        super(message);
    }

    public AdminException(String message, Throwable cause) {
        super(message, cause);
    }
}
