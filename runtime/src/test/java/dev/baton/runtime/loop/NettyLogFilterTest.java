package dev.baton.runtime.loop;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What has an owner is not printed as well; everything else is printed where, and if, the user has said so. */
class NettyLogFilterTest {
    private static final String PROMISE = "io.netty.util.concurrent.DefaultPromise";
    private static final String THREW = "An exception was thrown by Listener.operationComplete()";

    private final LoggerContext context = new LoggerContext();
    private final ListAppender<ILoggingEvent> printed = new ListAppender<>();
    private final List<Throwable> asked = new ArrayList<>();
    private final IllegalStateException thrown = new IllegalStateException("thrown");
    private boolean hasOwner = true;

    @BeforeEach
    void install() {
        NettyLogFilter.install(context, this::own);
        print();
    }

    private boolean own(Throwable cause) {
        asked.add(cause);
        return hasOwner;
    }

    private void print() {
        printed.start();
        context.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(printed);
    }

    /** As Netty does. */
    private void log(String message) {
        Logger logger = context.getLogger(PROMISE);
        if (logger.isWarnEnabled()) {
            logger.warn(message, thrown);
        }
    }

    @Test
    void shouldKeepBackWhatHasAnOwnerAtEveryLevel() {
        for (Level level : new Level[] {Level.TRACE, Level.WARN, Level.ERROR, Level.OFF}) {
            context.getLogger("io.netty").setLevel(level);
            asked.clear();
            log(THREW);
            assertThat(asked).as("at " + level).containsExactly(thrown);
        }
        assertThat(printed.list).isEmpty();
    }

    @Test
    void shouldLeaveTheRestToTheUsersLevels() {
        hasOwner = false;
        log(THREW);
        assertThat(printed.list).hasSize(1);
        context.getLogger(PROMISE).setLevel(Level.ERROR);
        log(THREW);
        assertThat(printed.list).hasSize(1);
        assertThat(asked).hasSize(2);
    }

    @Test
    void shouldLetOtherLinesThrough() {
        log("Failed to notify a listener");
        context.getLogger("io.netty.other").warn(THREW, thrown);
        context.getLogger(PROMISE).warn(THREW);
        assertThat(asked).isEmpty();
        assertThat(printed.list).hasSize(3);
    }

    @Test
    void shouldTellWhatAnExceptionCaughtThrewWithWhatItHandled() {
        String message = "An exception 'java.lang.Error: new' was thrown by a user handler's exceptionCaught() method";
        context.getLogger("io.netty.channel.AbstractChannelHandlerContext").warn(message, thrown);
        assertThat(asked).singleElement().satisfies(cause -> {
            assertThat(cause).hasMessage(message);
            assertThat(cause).hasCause(thrown);
        });
    }

    @Test
    void shouldSurviveAReset() {
        context.reset();
        print();
        log(THREW);
        assertThat(asked).hasSize(1);
        assertThat(printed.list).isEmpty();
    }

    @Test
    void shouldBeInstalledOnce() {
        NettyLogFilter.install(context, this::own);
        hasOwner = false;
        log(THREW);
        assertThat(asked).hasSize(1);
    }

    @Test
    void shouldOwnNothingOfOtherThreads() {
        assertThat(SwallowedThrows.isOwned(thrown)).isFalse();
    }
}
