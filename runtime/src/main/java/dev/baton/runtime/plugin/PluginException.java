package dev.baton.runtime.plugin;

/** Why a plugin cannot be used; the message names its jar and says what to do. */
public class PluginException extends Exception {

    /** With the whole message. */
    public PluginException(String message) {
        super(message);
    }

    /** The same, for what something else has failed with. */
    public PluginException(String message, Throwable cause) {
        super(message, cause);
    }
}
