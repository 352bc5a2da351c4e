package dev.baton.runtime.launcher;

import io.netty.resolver.AddressResolver;
import io.netty.resolver.AddressResolverGroup;
import io.netty.resolver.InetNameResolver;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Promise;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * Finds the names of upstream servers as every other program of the machine does (hosts file, DNS, whatever
 * {@code nsswitch.conf} says), with the JDK's cache. The system's resolver blocks: it runs on worker threads, never on a loop.
 */
final class SystemNames extends AddressResolverGroup<InetSocketAddress> {
    private final Executor worker;

    SystemNames(Executor worker) {
        this.worker = worker;
    }

    @Override
    protected AddressResolver<InetSocketAddress> newResolver(EventExecutor loop) {
        return new OnWorker(loop, worker).asAddressResolver();
    }

    /** One loop's resolver: the promises are that loop's. */
    private static final class OnWorker extends InetNameResolver {
        private final Executor worker;

        OnWorker(EventExecutor loop, Executor worker) {
            super(loop);
            this.worker = worker;
        }

        @Override
        protected void doResolve(String name, Promise<InetAddress> promise) {
            worker.execute(() -> {
                try {
                    promise.trySuccess(InetAddress.getByName(name));
                } catch (UnknownHostException e) {
                    promise.tryFailure(e);
                }
            });
        }

        @Override
        protected void doResolveAll(String name, Promise<List<InetAddress>> promise) {
            worker.execute(() -> {
                try {
                    promise.trySuccess(List.of(InetAddress.getAllByName(name)));
                } catch (UnknownHostException e) {
                    promise.tryFailure(e);
                }
            });
        }
    }
}
