package dev.baton.testkit.sim;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.slf4j.LoggerFactory;

/** What was logged as an error: code that catches everything tells of it only there. */
public final class ErrorLog extends AppenderBase<ILoggingEvent> {
    private static final ErrorLog ONE = new ErrorLog();

    private final Queue<String> errors = new ConcurrentLinkedQueue<>();

    private ErrorLog() {
        Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        setContext(root.getLoggerContext());
        start();
        root.addAppender(this);
    }

    /** Forgets what there is. */
    public static void clear() {
        ONE.errors.clear();
    }

    /** What was logged since. */
    public static List<String> errors() {
        return new ArrayList<>(ONE.errors);
    }

    @Override
    protected void append(ILoggingEvent event) {
        if (event.getLevel().isGreaterOrEqual(Level.ERROR)) {
            String thrown = event.getThrowableProxy() == null
                    ? ""
                    : "\n" + ThrowableProxyUtil.asString(event.getThrowableProxy());
            errors.add(event.getThreadName() + ": " + event.getFormattedMessage() + thrown);
        }
    }
}
