package dev.baton.runtime.listener;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.baton.runtime.channel.Shortage;
import dev.baton.spi.posix.Errno;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** A listener without fds paused ten times a second, and said so each time, on every loop. */
class ListenerShortageTest {
    private static final String OUT_OF_FDS =
            "listener web pauses: EMFILE (too many open files in this process; raise its limit: ulimit -n)";

    private final Logger logger = (Logger) LoggerFactory.getLogger(Shortage.class);
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final ListenerWorld world = new ListenerWorld(2, 10, true);

    @BeforeEach
    void listen() {
        log.start();
        logger.setLevel(Level.INFO);
        logger.addAppender(log);
    }

    @AfterEach
    void end() {
        logger.detachAppender(log);
        logger.setLevel(null);
    }

    private List<String> lines() {
        return log.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    private void pause(int times) {
        for (int i = 0; i < times; i++) {
            world.errnos.add(Errno.EMFILE);
        }
        world.arrive(0);
        world.settle();
        assertThat(world.errnos).isEmpty();
    }

    /** The looks whether it is over, and only those. */
    private void secondPasses() {
        world.clock += Shortage.QUIET.toNanos();
        Runnable look = world.limits.remove(0);
        look.run();
    }

    @Test
    void itIsSaidOnceAndHowLongItTookAtTheEnd() {
        world.settle();
        pause(30);
        assertThat(lines()).containsExactly(OUT_OF_FDS);
        assertThat(world.limits).as("looks").hasSize(1);
        secondPasses();
        assertThat(lines())
                .hasSize(2)
                .last()
                .asString()
                .matches("listener web continues: it paused 30 times in 2\\.\\d s");
        assertThat(world.limits).isEmpty();
        pause(1);
        assertThat(lines()).hasSize(3).last().isEqualTo(OUT_OF_FDS);
    }

    @Test
    void thePausesOfOneSecondAreOneShortage() {
        world.settle();
        pause(1);
        world.clock += Shortage.QUIET.toNanos() / 2;
        pause(1);
        world.clock += Shortage.QUIET.toNanos() / 2;
        world.limits.remove(0).run(); // a second after the first, half of one after the second
        assertThat(lines()).containsExactly(OUT_OF_FDS);
        secondPasses();
        assertThat(lines()).hasSize(2).last().asString().startsWith("listener web continues: it paused 2 times in ");
    }
}
