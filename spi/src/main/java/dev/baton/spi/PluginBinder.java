package dev.baton.spi;

import com.google.inject.Binder;
import dev.baton.spi.admin.AdminAction;
import dev.baton.spi.admin.AdminView;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.listener.ListenerKind;
import dev.baton.spi.listener.UnbindStrategy;
import dev.baton.spi.poller.PollerProvider;
import dev.baton.spi.pool.TakeoverPolicy;
import dev.baton.spi.service.ServiceFactory;

/**
 * The list of extension points. What is contributed is a class: Guice makes one instance of it in a private module of
 * the plugin's own, where besides what {@link #guice()} binds these can be injected: {@link dev.baton.spi.loop.Loops},
 * {@link dev.baton.spi.fd.Fds}, {@link dev.baton.spi.loop.LoopWatch}, {@link dev.baton.spi.loop.LoopLoads},
 * {@link dev.baton.spi.admin.RuntimeView}, {@link dev.baton.spi.admin.RuntimeControl}, {@link dev.baton.spi.metrics.Metrics},
 * {@link dev.baton.spi.posix.UnixServers} and
 * {@link io.vertx.core.Vertx} (whose event loops the loops are; with {@link dev.baton.spi.loop.Apart} another one, with a loop
 * of its own). Both are the runtime's and everybody's: their {@code close()} fails, and a shutdown of a loop is refused.
 *
 * <p>A name that another plugin has claimed already is an error of the plugin that comes second.
 */
public interface PluginBinder {

    /** A way of polling; its name is {@link PollerProvider#name()}. */
    void poller(Class<? extends PollerProvider> provider);

    /** A kind of listening socket; its name is {@link ListenerKind#name()}. */
    void listener(Class<? extends ListenerKind> kind);

    /** A witness of every fd's life. */
    void fdHook(Class<? extends FdHook> hook);

    /**
     * A way to unbind listeners.
     *
     * @param name the word for a listener's {@code unbind:} in the configuration, for example {@code drain}
     */
    void unbindStrategy(String name, Class<? extends UnbindStrategy> strategy);

    /**
     * A way to keep and share idle upstream connections.
     *
     * @param name the word for {@code pool: policy:} in the configuration; {@code takeover} is the default
     */
    void takeoverPolicy(String name, Class<? extends TakeoverPolicy> policy);

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

    /** An additional table of the admin API. */
    void adminView(Class<? extends AdminView> view);

    /** Something that an operator can ask of the plugin through the admin API. */
    void adminAction(Class<? extends AdminAction> action);

    /** The plugin's private Guice module, for bindings of its own. */
    Binder guice();
}
