package dev.baton.examples;

import dev.baton.embed.Baton;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** The thread that runs the {@code main} of one of Netty's examples, on a Baton. */
final class Example extends Thread {
    private static final int PATIENCE_SECONDS = 20;

    private final Baton baton;
    private final Method main;
    /** The socket that listens, or the connection of a client. */
    private final CompletableFuture<Channel> channel = new CompletableFuture<>();

    private final CompletableFuture<Set<String>> twoThreads = new CompletableFuture<>();
    private final CompletableFuture<Void> returned = new CompletableFuture<>();

    private Example(Baton baton, Method main) {
        super(main.getDeclaringClass().getSimpleName());
        this.baton = baton;
        this.main = main;
    }

    /**
     * Starts one. Its class has read the system properties when this returns.
     *
     * @param name of its class, in the package of the examples
     */
    static Example start(Baton baton, String name) throws ReflectiveOperationException {
        Class<?> type = Class.forName(ExampleLoader.EXAMPLES + name, true, new ExampleLoader());
        Example example = new Example(baton, type.getMethod("main", String[].class));
        example.start();
        return example;
    }

    /** That whose {@code main} calls this. */
    static Example current() {
        if (Thread.currentThread() instanceof Example example) {
            return example;
        }
        throw new IllegalStateException("an example makes its loops in its main, not on " + Thread.currentThread());
    }

    @Override
    public void run() {
        Throwable end = new IllegalStateException(main + " has returned");
        try {
            main.invoke(null, (Object) new String[0]);
            returned.complete(null);
        } catch (InvocationTargetException e) {
            end = e.getCause();
        } catch (IllegalAccessException e) {
            end = e;
        }
        returned.completeExceptionally(end);
        channel.completeExceptionally(end);
        twoThreads.completeExceptionally(end);
    }

    Baton baton() {
        return baton;
    }

    /** Before the example's own handlers, so that it sees what they keep. */
    void watch(Channel opening) {
        opening.pipeline().addFirst(new Watch());
    }

    private final class Watch extends ChannelInboundHandlerAdapter {
        private final Set<String> threads = new HashSet<>();

        @Override
        public void channelActive(ChannelHandlerContext context) {
            channel.complete(context.channel());
            context.fireChannelActive();
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (threads.size() < 2) {
                threads.add(Thread.currentThread().getName());
                if (threads.size() == 2) {
                    twoThreads.complete(Set.copyOf(threads));
                }
            }
            context.fireChannelRead(message);
        }
    }

    private static <T> T await(CompletableFuture<T> future) throws Exception {
        return future.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    /** Waits until it listens or is connected. */
    Channel channel() throws Exception {
        return await(channel);
    }

    /** Waits until it listens. */
    int port() throws Exception {
        return ((InetSocketAddress) channel().localAddress()).getPort();
    }

    /** Waits until its channel has read something on two of the loops. */
    Set<String> twoThreads() throws Exception {
        return await(twoThreads);
    }

    /** Waits until its {@code main} has returned; fails if that has thrown. */
    void awaitEnd() throws Exception {
        await(returned);
    }
}
