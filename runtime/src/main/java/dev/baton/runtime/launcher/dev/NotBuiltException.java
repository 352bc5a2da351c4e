package dev.baton.runtime.launcher.dev;

import dev.baton.runtime.plugin.PluginException;

/** A project is not compiled or packaged as far as is needed: perhaps because that is under way. */
final class NotBuiltException extends PluginException {

    NotBuiltException(String message) {
        super(message);
    }

    NotBuiltException(String message, Throwable cause) {
        super(message, cause);
    }
}
