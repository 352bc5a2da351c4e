package dev.baton.runtime.loop;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggerContextListener;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;

/**
 * Sees each call of Netty's loggers that tells of a swallowed exception, at whatever level they are configured, and
 * keeps back the line if the exception has an owner. A turbo filter and not an appender: levels and appenders stay the
 * user's. It survives a reset of the logging, as when its configuration is read again. Any thread.
 */
final class NettyLogFilter extends TurboFilter implements LoggerContextListener {
    private static final String HANDLER_CONTEXT = "io.netty.channel.AbstractChannelHandlerContext";

    /** Netty's loggers, and how their messages of swallowed exceptions begin. */
    private static final Map<String, String> MESSAGES = Map.of(
            "io.netty.util.concurrent.DefaultPromise",
            "An exception was thrown by ",
            "io.netty.util.concurrent.AbstractEventExecutor",
            "A task raised an exception",
            HANDLER_CONTEXT,
            "An exception ");

    private final Predicate<Throwable> owned;

    private NettyLogFilter(Predicate<Throwable> owned) {
        this.owned = owned;
    }

    static void install() {
        install((LoggerContext) LoggerFactory.getILoggerFactory(), SwallowedThrows::isOwned);
    }

    /** Once for each context. */
    static synchronized void install(LoggerContext context, Predicate<Throwable> owned) {
        if (context.getTurboFilterList().stream().noneMatch(NettyLogFilter.class::isInstance)) {
            NettyLogFilter filter = new NettyLogFilter(owned);
            context.addTurboFilter(filter);
            context.addListener(filter);
        }
    }

    @Override
    public FilterReply decide(
            @Nullable Marker marker,
            Logger logger,
            Level level,
            @Nullable String message,
            Object @Nullable [] arguments,
            @Nullable Throwable thrown) {
        if (message == null) {
            // Netty asks whether it may warn, and we want to be told even if nothing is to be printed.
            return level.levelInt == Level.WARN_INT && MESSAGES.containsKey(logger.getName())
                    ? FilterReply.ACCEPT
                    : FilterReply.NEUTRAL;
        }
        if (thrown == null) {
            return FilterReply.NEUTRAL;
        }
        String begins = MESSAGES.get(logger.getName());
        if (begins == null || !message.startsWith(begins)) {
            return FilterReply.NEUTRAL;
        }
        // When exceptionCaught throws, Netty passes the exception that was handled; the new one is only in the message.
        Throwable cause =
                logger.getName().equals(HANDLER_CONTEXT) ? new IllegalStateException(message, thrown) : thrown;
        return owned.test(cause) ? FilterReply.DENY : FilterReply.NEUTRAL;
    }

    @Override
    public boolean isResetResistant() {
        return true;
    }

    @Override
    public void onReset(LoggerContext context) {
        context.addTurboFilter(this);
    }

    @Override
    public void onStart(LoggerContext context) {}

    @Override
    public void onStop(LoggerContext context) {}

    @Override
    public void onLevelChange(Logger logger, Level level) {}
}
