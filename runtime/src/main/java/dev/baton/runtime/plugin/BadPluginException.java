package dev.baton.runtime.plugin;

/** The plugin itself is at fault: its zip, its manifest or its jars. */
public final class BadPluginException extends PluginException {

    /** With the whole message. */
    public BadPluginException(String message) {
        super(message);
    }

    /** The same, for what something else has failed with. */
    public BadPluginException(String message, Throwable cause) {
        super(message, cause);
    }
}
