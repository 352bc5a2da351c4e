package dev.baton.runtime.fd;

/** Is told when a plugin's code throws. */
@FunctionalInterface
public interface PluginFailures {
    /** The plugin's code threw. Any thread; must not throw. */
    void failed(String plugin, Throwable cause);
}
