package dev.baton.runtime.launcher.command;

/** A running process could not be asked, or refused; the message is for the user. */
final class AdminException extends Exception {

    AdminException(String message) {
        super(message);
    }

    AdminException(String message, Throwable cause) {
        super(message, cause);
    }
}
