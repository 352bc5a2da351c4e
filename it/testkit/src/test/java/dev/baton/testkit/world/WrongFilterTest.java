package dev.baton.testkit.world;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.Configured;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.channel.MovableChannel;
import dev.baton.spi.filter.ConnectionFilter;
import dev.baton.spi.filter.Next;
import dev.baton.spi.loop.Loop;
import dev.baton.testkit.ContractRun;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A filter with one thing wrong fails its contract, and one with nothing wrong keeps it. */
class WrongFilterTest {
    private static final String PASSWORD = "open, sesame";
    private static final Map<String, String> SOON = Map.of(EachWorldExtension.CLOSING, "2000");
    private static Wrong wrong = Wrong.NOTHING;

    /** What is wrong with the filter. */
    enum Wrong {
        NOTHING,
        /** It takes what comes behind the password for its own. */
        EATS_THE_REST,
        /** It takes the first read for the whole password. */
        READS_ONCE,
        /** It never gives the memory of a password that did not come to its end back. */
        KEEPS_THE_BEGINNING,
        /** It lets everybody pass. */
        REFUSES_NOBODY,
        /** It works on the loop only that has accepted the connection. */
        STAYS_ON_ITS_LOOP
    }

    @BeforeEach
    void runFewSchedules() {
        System.setProperty("sim.seeds", Integer.toString(EachWorldExtension.DIVISOR));
    }

    @AfterEach
    void forgetProperties() {
        System.clearProperty("sim.seeds");
    }

    static List<Arguments> wrongs() {
        return List.of(
                Arguments.of(Wrong.EATS_THE_REST, "shouldGiveBackWhatItDoesNotUse"),
                Arguments.of(Wrong.READS_ONCE, "shouldReadWhateverTheCuts"),
                Arguments.of(Wrong.KEEPS_THE_BEGINNING, "shouldForgetWhoLeaves"),
                Arguments.of(Wrong.REFUSES_NOBODY, "shouldResetWhatItRefuses"),
                Arguments.of(Wrong.STAYS_ON_ITS_LOOP, "shouldDecideOnAnotherLoop"));
    }

    @Tag("long") // half of them wait for what never comes
    @ParameterizedTest
    @MethodSource("wrongs")
    void shouldFail(Wrong what, String test) {
        wrong = what;
        assertThat(ContractRun.run(Password.class, test, SOON)).as("%s", what).isPresent();
    }

    @Test
    void shouldPassWithNothingWrong() {
        wrong = Wrong.NOTHING;
        wrongs().forEach(each -> assertThat(ContractRun.run(Password.class, (String) each.get()[1], SOON))
                .isEqualTo(Optional.empty()));
    }

    /** Nested, so that the build does not run it. */
    static class Password extends ConnectionFilterContract {
        Password() {
            super(PasswordPlugin.class, "password");
        }

        @Override
        protected byte[] opening() {
            return PASSWORD.getBytes(StandardCharsets.UTF_8);
        }

        @Override
        protected byte[] refused() {
            return PASSWORD.replace('s', 'z').getBytes(StandardCharsets.UTF_8);
        }
    }

    static final class PasswordPlugin implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.connectionFilter("password", Nothing.class, Factory.class);
        }
    }

    record Nothing() {}

    static final class Factory implements Configured<Nothing, ConnectionFilter> {
        @Override
        public ConnectionFilter create(Nothing config) {
            return (connection, next) -> connection.pipeline().addLast(new Reader(connection, next));
        }
    }

    private static final class Reader extends ChannelInboundHandlerAdapter {
        private final Loop home;
        private final Next next;
        private ByteBuf begun;

        Reader(MovableChannel connection, Next next) {
            this.home = connection.loop();
            this.next = next;
            this.begun = connection.alloc().buffer();
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf more = (ByteBuf) message;
            begun.writeBytes(more);
            more.release();
            if (begun.readableBytes() < PASSWORD.length() && wrong != Wrong.READS_ONCE) {
                return;
            }
            int length = Math.min(PASSWORD.length(), begun.readableBytes());
            String password =
                    begun.readCharSequence(length, StandardCharsets.UTF_8).toString();
            if (!password.equals(PASSWORD) && wrong != Wrong.REFUSES_NOBODY) {
                next.refuse("wrong password");
                return;
            }
            if (wrong == Wrong.STAYS_ON_ITS_LOOP && !home.inLoop()) {
                return;
            }
            if (begun.isReadable() && wrong != Wrong.EATS_THE_REST) {
                context.fireChannelRead(begun.retainedSlice());
            }
            context.pipeline().remove(this);
            next.proceed();
        }

        @Override
        public void handlerRemoved(ChannelHandlerContext context) {
            boolean forgets = wrong == Wrong.KEEPS_THE_BEGINNING && begun.isReadable();
            if (!forgets) {
                begun.release();
            }
        }
    }
}
