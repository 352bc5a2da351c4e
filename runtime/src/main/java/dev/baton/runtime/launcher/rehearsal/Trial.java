package dev.baton.runtime.launcher.rehearsal;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * What a listener does before anything is done to the process: a listener that does not serve a client now cannot show
 * whether it goes on to.
 *
 * @param status of the answer to a request; 0 where none is sent
 * @param problem why its clients would show nothing; empty if they would
 */
record Trial(int status, Optional<String> problem) {
    private static final int SERVER_ERRORS = 500;
    /** How long a listener has to keep a connection that says nothing. */
    private static final Duration KEEPS = Duration.ofMillis(300);

    /** Tries a listener. */
    static CompletableFuture<Trial> of(Connections connections, Endpoint endpoint) {
        CompletableFuture<Trial> result = new CompletableFuture<>();
        connections.after(
                connections.manners().patience(),
                () -> result.complete(refused("it does not answer within "
                        + connections.manners().patience().toMillis() + " ms")));
        connections.loop().execute(() -> {
            if (endpoint.http()) {
                ask(connections, endpoint, result);
            } else {
                keep(connections, endpoint, result);
            }
        });
        return result;
    }

    private static Trial refused(String why) {
        return new Trial(0, Optional.of(why));
    }

    private static void ask(Connections connections, Endpoint endpoint, CompletableFuture<Trial> result) {
        HttpClientConnection[] opened = new HttpClientConnection[1];
        opened[0] = HttpClientConnection.open(connections, endpoint, false, new HttpClientConnection.User() {
            @Override
            public void opened() {
                opened[0].send();
            }

            @Override
            public void notOpened(String why) {
                result.complete(refused("it cannot be connected to: " + why));
            }

            @Override
            public void answered(int status, boolean staysOpen) {
                opened[0].close();
                result.complete(
                        status >= SERVER_ERRORS
                                ? refused("it answers " + connections.manners().path() + " with " + status
                                        + " as it is; --path names something that it can answer")
                                : new Trial(status, Optional.empty()));
            }

            @Override
            public void ended(boolean awaiting, boolean announced) {
                result.complete(refused("it closes connections without an answer"));
            }
        });
    }

    private static void keep(Connections connections, Endpoint endpoint, CompletableFuture<Trial> result) {
        connections.open(
                endpoint,
                new Connections.User() {
                    @Override
                    public void opened(Channel channel) {
                        connections.after(KEEPS, () -> {
                            result.complete(new Trial(0, Optional.empty()));
                            channel.close();
                        });
                    }

                    @Override
                    public void notOpened(String why) {
                        result.complete(refused("it cannot be connected to: " + why));
                    }
                },
                new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelInactive(ChannelHandlerContext context) {
                        result.complete(refused("it closes connections that say nothing"));
                    }

                    @Override
                    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                        context.close();
                    }
                });
    }
}
