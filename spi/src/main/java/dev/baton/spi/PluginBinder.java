package dev.baton.spi;

import com.google.inject.Binder;
import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.admin.AdminView;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.filter.ConnectionFilter;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpHandler;
import dev.baton.spi.listener.ListenerKind;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.pool.TakeoverPolicy;
import dev.baton.spi.service.ServiceFactory;
import dev.baton.spi.upstream.Balancer;

/**
 * The list of extension points. Each is declared in one way: a name, the record of its own keys where it has any, and a
 * class.
 *
 * <p>The name is the word of the configuration or of the admin API: a letter, then lower-case letters, digits and
 * hyphens. Two contributions of one name to one extension point are an error of the plugin that is loaded second.
 *
 * <p>The record says which keys there are, of which types, with which defaults and ranges
 * ({@link dev.baton.spi.config}). It is checked when the plugin is loaded; the user's keys are checked against it by
 * {@code baton check} and at the start. Where a name may have keys, a user writes {@code drain}, or {@code { type:
 * drain, KEY: VALUE }}.
 *
 * <p>Guice makes one instance of the class, in an injector of the plugin's own. Besides what {@link #guice()} binds
 * these can be injected: {@link dev.baton.spi.loop.Loops}, {@link dev.baton.spi.fd.Fds},
 * {@link dev.baton.spi.loop.LoopWatch}, {@link dev.baton.spi.loop.LoopLoads}, {@link dev.baton.spi.admin.RuntimeView},
 * {@link dev.baton.spi.admin.RuntimeControl}, {@link dev.baton.spi.metrics.Metrics},
 * {@link dev.baton.spi.traffic.Traffic}, {@link dev.baton.spi.tls.Tls}, {@link dev.baton.spi.tls.CertificateStore},
 * {@link dev.baton.spi.posix.UnixServers}, {@link dev.baton.spi.config.Spelling},
 * {@link dev.baton.spi.admin.ParameterBinder} and {@link io.vertx.core.Vertx} (whose event loops the loops are; with
 * {@link dev.baton.spi.loop.Apart} another one, with a loop of its own). Both Vertx are the runtime's: their
 * {@code close()} fails, and a shutdown of a loop is refused. The contexts that a plugin makes there are the plugin's:
 * what is thrown in them is counted for it, and {@code exceptionHandler} is for them alone. Before the loops start
 * there is none of the two, and on the loops of a simulation there never is: to have it injected then fails.
 */
@ByBaton
public interface PluginBinder {

    /**
     * A way of polling.
     *
     * @param name the word for {@code poller:} in the configuration
     */
    void poller(String name, Class<? extends PollerProvider> provider);

    /**
     * A kind of listening socket.
     *
     * @param name the word for a listener's {@code kind:} in the configuration, for example {@code tcp}; a listener
     *     without that key has the kind that claims its address
     */
    void listener(String name, Class<? extends ListenerKind> kind);

    /**
     * A kind of listening socket that has keys of its own: {@code kind: { type: NAME, ... }}. If all of them have
     * defaults it is also asked whether it claims the address of a listener without {@code kind:}.
     */
    <C extends Record> void listener(
            String name, Class<C> config, Class<? extends Configured<C, ? extends ListenerKind>> factory);

    /** A witness of every fd's life. */
    void fdHook(String name, Class<? extends FdHook> hook);

    /**
     * A witness of every fd's life that has keys of its own, in {@code hooks: NAME:}. If all of them have defaults it
     * is there without them too, unless the record is marked {@link dev.baton.spi.config.OnRequest}.
     */
    <C extends Record> void fdHook(
            String name, Class<C> config, Class<? extends Configured<C, ? extends FdHook>> factory);

    /**
     * A way to unbind listeners.
     *
     * @param name the word for a listener's {@code unbind:} in the configuration, for example {@code drain}
     */
    void unbindStrategy(String name, Class<? extends UnbindStrategy> strategy);

    /** A way to unbind listeners that has keys of its own: {@code unbind: { type: NAME, ... }}. */
    <C extends Record> void unbindStrategy(
            String name, Class<C> config, Class<? extends Configured<C, ? extends UnbindStrategy>> factory);

    /**
     * A way to keep and share idle upstream connections.
     *
     * @param name the word for {@code pool: policy:} in the configuration; {@code takeover} is the default
     */
    void takeoverPolicy(String name, Class<? extends TakeoverPolicy> policy);

    /**
     * A way to keep and share idle upstream connections that has keys of its own: {@code policy: { type: NAME, ... }}.
     */
    <C extends Record> void takeoverPolicy(
            String name, Class<C> config, Class<? extends Configured<C, ? extends TakeoverPolicy>> factory);

    /**
     * A way to choose the server of each request.
     *
     * @param name the word for an upstream's {@code balance:} in the configuration; {@code round-robin} is the default
     * @param config the record to which its other keys are bound: {@code balance: { type: NAME, ... }}
     */
    <C extends Record> void balancer(
            String name, Class<C> config, Class<? extends Configured<C, ? extends Balancer>> factory);

    /**
     * Something that decides about accepted connections before their service sees them.
     *
     * @param type the word in a listener's {@code filters:} in the configuration
     * @param config the record to which its other keys are bound: {@code filters: [ { type: TYPE, ... } ]}
     */
    <C extends Record> void connectionFilter(
            String type, Class<C> config, Class<? extends Configured<C, ? extends ConnectionFilter>> factory);

    /**
     * Something in the way of HTTP requests and their responses.
     *
     * @param type the word in {@code filters:} of an {@code http} service or a route of it
     * @param config the record to which its other keys are bound; those of {@link dev.baton.spi.http.HttpFilterOptions}
     *     every filter has
     */
    <C extends Record> void httpFilter(
            String type, Class<C> config, Class<? extends Configured<C, ? extends HttpFilter>> factory);

    /**
     * Something that answers HTTP requests itself.
     *
     * @param type the word in {@code handler:} of a route of an {@code http} service
     * @param config the record to which its other keys are bound; those of {@link dev.baton.spi.http.HttpFilterOptions}
     *     every handler has
     */
    <C extends Record> void httpHandler(
            String type, Class<C> config, Class<? extends Configured<C, ? extends HttpHandler>> factory);

    /**
     * A type of service.
     *
     * @param type the word for a service's {@code type:} in the configuration
     * @param config the record to which its other keys are bound
     */
    <C extends Record> void service(String type, Class<C> config, Class<? extends ServiceFactory<C>> factory);

    /**
     * Something that starts and stops with the process.
     *
     * @param section the top-level key of the configuration that it owns
     * @param config the record to which that section is bound; if all its components have defaults the section may be
     *     absent, unless the record is marked {@link dev.baton.spi.config.OnRequest}: then it is not used if it is
     */
    <C extends Record> void component(String section, Class<C> config, Class<? extends ComponentFactory<C>> factory);

    /**
     * A table of the admin API: {@code GET /v1/NAME} and {@code baton view NAME}.
     *
     * @param name words with slashes between them
     */
    void adminView(String name, Class<? extends AdminView> view);

    /**
     * Something that an operator can ask of the plugin: {@code POST /v1/NAME?KEY=VALUE} and {@code baton do NAME
     * KEY=VALUE}.
     *
     * @param name words with slashes between them, for example {@code chaos/block}
     * @param parameters the record to which the parameters are bound, by the rules of the configuration; each a single
     *     value
     */
    <P extends Record> void adminAction(String name, Class<P> parameters, Class<? extends AdminAction<P>> action);

    /**
     * The plugin's Guice module, for bindings of its own, which no other plugin sees. Method interceptors are not
     * possible: Guice generates no classes here.
     */
    Binder guice();
}
