package dev.baton.it.launcher;

import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.admin.AdminView;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.config.Default;
import dev.baton.spi.fd.ClosedBy;
import dev.baton.spi.fd.FdHook;
import dev.baton.spi.fd.FdInfo;
import dev.baton.spi.metrics.Metrics.Histogram;
import dev.baton.spi.service.Service;
import dev.baton.spi.service.ServiceContext;
import dev.baton.spi.service.ServiceFactory;
import dev.baton.spi.traffic.FinishedExchange;
import dev.baton.spi.traffic.Traffic;
import dev.baton.spi.traffic.TrafficMetrics;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A plugin as somebody else would write it, with a service, an fd hook and a table of its own. Tests put it into a jar;
 * it is on no class path of the process that loads it. The service shouts back, and throws what a line asks for.
 */
public final class ShoutPlugin implements Plugin {

    /** For the loader. */
    public ShoutPlugin() {}

    @Override
    public void configure(PluginBinder binder) {
        binder.service("shout", Settings.class, Factory.class);
        binder.fdHook("shout-closes", Counting.class);
        binder.adminView("shout-closes", Closes.class);
    }

    /**
     * What its section of a configuration has.
     *
     * @param suffix is put behind each answer
     */
    public record Settings(@Default("!") String suffix) {}

    /** Makes the service. */
    public static final class Factory implements ServiceFactory<Settings> {
        /** For Guice. */
        public Factory() {}

        @Override
        public Service create(String name, Settings settings, ServiceContext context) {
            return new Shout(settings.suffix(), new Report(name, context));
        }
    }

    /** Counts the closes of its own connections. */
    public static final class Counting implements FdHook {
        static final AtomicLong CLOSES = new AtomicLong();

        /** For Guice. */
        public Counting() {}

        @Override
        public void closed(FdInfo fd, ClosedBy by) {
            if (fd.plugin().equals("shout")) {
                CLOSES.incrementAndGet();
            }
        }
    }

    /** {@code /v1/shout-closes}. */
    public static final class Closes implements AdminView {
        /** One row. */
        public record Row(long closes) {}

        /** For Guice. */
        public Closes() {}

        @Override
        public List<Row> rows() {
            return List.of(new Row(Counting.CLOSES.get()));
        }
    }

    /** Tells those who watch of each answer, and counts how long it took. */
    private static final class Report {
        private final String service;
        private final Traffic traffic;
        private final Histogram seconds;

        Report(String service, ServiceContext context) {
            this.service = service;
            this.traffic = context.traffic();
            this.seconds = context.metrics()
                    .histogram(
                            TrafficMetrics.REQUEST_SECONDS,
                            "How long answers took.",
                            TrafficMetrics.SERVICE,
                            service,
                            TrafficMetrics.ROUTE,
                            "loud");
        }

        void answered(String line, long beginNanos) {
            long nanos = System.nanoTime() - beginNanos;
            seconds.record(nanos);
            if (traffic.isWatched()) {
                traffic.ended(new FinishedExchange(
                        service, "loud", null, null, "SHOUT", line, 200, 0, line.length(), nanos, nanos, "complete"));
            }
        }
    }

    private record Shout(String suffix, Report report) implements Service {
        @Override
        public void initialize(MovableChannel connection, String listener) {
            connection.pipeline().addLast(new Handler(suffix, report));
        }
    }

    private static final class Handler extends SimpleChannelInboundHandler<ByteBuf> {
        private final String suffix;
        private final Report report;

        Handler(String suffix, Report report) {
            this.suffix = suffix;
            this.report = report;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf message) {
            long begin = System.nanoTime();
            String text = message.toString(StandardCharsets.UTF_8).strip();
            switch (text) {
                case "runtime" -> throw new IllegalStateException("asked for");
                case "memory" -> throw new OutOfMemoryError("asked for");
                case "stack" -> throw new StackOverflowError("asked for");
                default -> {
                    context.writeAndFlush(Unpooled.copiedBuffer(
                            text.toUpperCase(Locale.ROOT) + suffix + "\n", StandardCharsets.UTF_8));
                    report.answered(text, begin);
                }
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            context.fireExceptionCaught(cause);
        }
    }
}
