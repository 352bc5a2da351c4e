package dev.baton.runtime.launcher;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LogbackServiceProvider;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.CoreConstants;
import java.util.Collection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a process that {@code bin/baton} started logs: to standard error, in code, because to look for a configuration
 * and read it costs a start 0.1 s. {@code -Dlogback.configurationFile=FILE} in {@code BATON_JAVA_OPTS} replaces it;
 * tests and embedders have their own.
 */
public final class Logging extends LogbackServiceProvider {
    private static final String FILE = "logback.configurationFile";

    /** Named to SLF4J by {@code bin/baton}. */
    public Logging() {}

    @Override
    public void initialize() {
        if (System.getProperty(FILE) != null) {
            super.initialize();
            return;
        }
        LoggerContext context = (LoggerContext) getLoggerFactory();
        context.setName(CoreConstants.DEFAULT_CONTEXT_NAME);
        context.setMDCAdapter(getMDCAdapter());
        configure(context);
        context.start();
    }

    private static void configure(LoggerContext context) {
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern("%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level %logger{0} [%thread] %msg%n");
        encoder.start();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setName("stderr");
        appender.setTarget("System.err");
        appender.setEncoder(encoder);
        appender.start();
        ch.qos.logback.classic.Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.WARN);
        root.addAppender(appender);
        context.getLogger("dev.baton").setLevel(Level.INFO);
    }

    /** Shows everything that some packages log, unless another configuration of the log says what of them is shown. */
    public static void trace(Collection<String> packages) {
        if (System.getProperty(FILE) == null && LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
            packages.forEach(each -> context.getLogger(each).setLevel(Level.TRACE));
        }
    }
}
