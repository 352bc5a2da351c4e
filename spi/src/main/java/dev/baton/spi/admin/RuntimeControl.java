package dev.baton.spi.admin;

import dev.baton.spi.ByBaton;
import dev.baton.spi.listener.Listener;
import dev.baton.spi.listener.ListenerResult;
import dev.baton.spi.threading.AnyThread;
import dev.baton.spi.upstream.ServerState;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** What an operator may do to the running process. */
@ByBaton
@AnyThread
public interface RuntimeControl {

    /** The listener of this name, if there is one. */
    Optional<Listener> listener(String name);

    /** The names of all listeners, sorted: for "did you mean". */
    List<String> listenerNames();

    /**
     * Makes a listener that the configuration has not, opens it and lets it accept.
     *
     * @param text a JSON or YAML object: the keys of an entry of {@code listeners:}, and {@code name}
     * @return what really happened: ADDED, or FAILED if it cannot be bound
     * @throws IllegalArgumentException with everything that is wrong with the text, by the rules of the configuration
     */
    CompletionStage<ListenerResult> addListener(String text);

    /**
     * Unbinds a listener.
     *
     * @param grace how long its connections may go on
     * @param strategy by another strategy than the configured one, by its word in the configuration
     * @param forget whether the name is free for another one afterwards
     * @return what really happened
     * @throws IllegalArgumentException if there is no such listener or strategy
     */
    CompletionStage<ListenerResult> unbindListener(
            String name, Duration grace, Optional<String> strategy, boolean forget);

    /**
     * Adds a server to an upstream; it may be asked at once. An address that was removed is a new server.
     *
     * @param server {@code host:port} or {@code [ipv6]:port}; {@code listener:NAME} only if the upstream's
     *     configuration has it
     * @param weight 0 to 256
     * @return what really happened: ADDED, or FAILED if it has this server already
     * @throws NoSuchElementException if there is no such upstream; says which there are
     * @throws IllegalArgumentException if the address or the weight cannot be one
     */
    CompletionStage<ServerResult> addServer(String upstream, String server, int weight);

    /**
     * Changes what a server may do, or removes it. Complete when no loop acts on what was before: no connection is
     * opened against it from then on. A loop that is blocked is not waited for longer than 2 s.
     *
     * @param state REMOVED takes the server out of the list
     * @return what really happened: CHANGED, REMOVED, UNCHANGED or FAILED
     * @throws NoSuchElementException if there is no such upstream or server; says which there are
     */
    CompletionStage<ServerResult> changeServer(String upstream, String server, ServerState state);

    /**
     * Changes the weight of a server.
     *
     * @param weight 0 to 256; with 0 it gets no new requests, except of sessions that stick to it
     * @return what really happened: CHANGED, UNCHANGED or FAILED
     * @throws NoSuchElementException as {@link #changeServer}
     * @throws IllegalArgumentException if there is no such weight
     */
    CompletionStage<ServerResult> weighServer(String upstream, String server, int weight);

    /** Starts one more loop, which accepts connections of every listener that is not bound to certain loops. */
    CompletionStage<LoopResult> addLoop();

    /**
     * Has a loop give everything to the others and ends it: connections with their timers and queued tasks, and
     * listeners.
     *
     * @param id its id
     * @return what really happened: RETIRED, or FAILED if it is the last one
     * @throws IllegalArgumentException if there is no such loop
     */
    CompletionStage<LoopResult> retireLoop(int id);

    /** {@code grace} of the configuration. */
    Duration grace();

    /**
     * Drains, then stops.
     *
     * @param grace how long work may go on; null takes the configured time, zero cuts at once
     * @return completes when nothing is left or everything was cut, shortly before the process ends
     */
    CompletionStage<StopReport> stop(@Nullable Duration grace);

    /**
     * Starts a new process from what is installed now, with the configuration as it is now, hands the listening sockets
     * to it and, once it serves, drains this one. Whatever goes wrong before that costs nothing but the attempt.
     *
     * @param limit how long the new process may take until it serves; null takes the usual time
     * @return completes when the new process serves or is not going to; never fails exceptionally
     */
    CompletionStage<UpgradeReport> upgrade(@Nullable Duration limit);

    /**
     * Loads a plugin anew from the folder that it was loaded from, and puts what it contributes in the place of what is
     * in use, while this process serves. The configuration is bound and checked with the new version first; if anything
     * is wrong, everything is as before. What is under way ends with the version with which it began.
     *
     * @param id the plugin's
     * @return completes when the new version serves or is not going to; never fails exceptionally
     * @throws NoSuchElementException if no plugin of this id is loaded; says which are
     */
    CompletionStage<PluginReload> reloadPlugin(String id);

    /**
     * The versions of plugins that were replaced and are not gone.
     *
     * @param collect collects garbage first, and looks in a dump of the heap for what holds those that nothing uses.
     *     The process stands still for that, for about a second for each gigabyte of its heap
     * @return completes with all of them; fails with an {@link java.io.IOException} if the heap cannot be dumped
     */
    CompletionStage<RetiredPlugins> retiredPlugins(boolean collect);

    /**
     * What plugins contributed that can be asked for, by name. The names do not change while the process runs; an
     * action whose plugin was reloaded is that of the new version.
     */
    Map<String, OfferedAction> actions();
}
