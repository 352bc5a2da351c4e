package dev.baton.runtime.plugin;

/** Why a plugin cannot be used; the message names its jar and says what to do. */
public final class PluginException extends Exception {

    PluginException(String message) {
        super(message);
    }

    PluginException(String message, Throwable cause) {
        super(message, cause);
    }
}
