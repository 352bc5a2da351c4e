package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.Configured;
import dev.baton.spi.Plugin;
import dev.baton.spi.PluginBinder;
import dev.baton.spi.http.HttpAttribute;
import dev.baton.spi.http.HttpBody;
import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpOutcome;
import dev.baton.spi.http.HttpVerdict;
import dev.baton.spi.loop.Loop;
import dev.baton.spi.loop.Loops;
import dev.baton.testkit.ContractRun;
import dev.baton.testkit.world.HttpFilterInEachWorld;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import jakarta.inject.Inject;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.platform.engine.TestExecutionResult;

/** A filter with one thing wrong fails in each world, and one with nothing wrong in none. */
class WrongFilterInEachWorldTest {
    private static final Map<String, String> SOON = Map.of("baton.world.closing-ms", "2000");
    private static final String SEEDS = "sim.seeds";
    private static final String ONE_SCHEDULE = "100";
    private static final int WORLDS = 2;

    private static Wrong wrong = Wrong.NOTHING;

    /** What is wrong with the filter. */
    enum Wrong {
        NOTHING,
        /** It passes on the first piece of a request's body, and no other. */
        DROPS_PIECES,
        /** It keeps what belongs to an exchange in a field, from the first exchange on. */
        MIXES_EXCHANGES,
        /** It gives its memory back when the response comes, and not when the exchange ends. */
        KEEPS_MEMORY,
        /** It works only on the loop that has read the request. */
        STAYS_ON_ITS_LOOP
    }

    private @Nullable String seeds;

    @BeforeEach
    void runOneSchedule() {
        seeds = System.setProperty(SEEDS, ONE_SCHEDULE);
    }

    @AfterEach
    void runAsBefore() {
        if (seeds == null) {
            System.clearProperty(SEEDS);
        } else {
            System.setProperty(SEEDS, seeds);
        }
    }

    static List<Arguments> wrongs() {
        return List.of(
                Arguments.of(Wrong.DROPS_PIECES, "shouldFollowItsConnectionToAnotherLoop"),
                Arguments.of(Wrong.MIXES_EXCHANGES, "shouldPassWholeExchanges"),
                Arguments.of(Wrong.KEEPS_MEMORY, "shouldForgetClientsThatLeave"),
                Arguments.of(Wrong.STAYS_ON_ITS_LOOP, "shouldFollowItsConnectionToAnotherLoop"));
    }

    @ParameterizedTest
    @MethodSource("wrongs")
    void shouldFail(Wrong what, String test) {
        wrong = what;
        assertThat(ContractRun.each(Count.class, test, SOON).values())
                .as("%s", what)
                .hasSize(WORLDS)
                .allMatch(run -> run.getStatus() == TestExecutionResult.Status.FAILED);
    }

    @Test
    void shouldPassWithNothingWrong() {
        wrong = Wrong.NOTHING;
        assertThat(wrongs().stream().map(each -> (String) each.get()[1]).distinct())
                .allSatisfy(test ->
                        assertThat(ContractRun.run(Count.class, test, SOON)).isEmpty());
    }

    /** Nested, so that the build does not run it. */
    static class Count extends HttpFilterInEachWorld {
        Count() {
            super(HttpPlugin.class, CountPlugin.class);
        }

        @Override
        protected String filter() {
            return "count";
        }
    }

    static final class CountPlugin implements Plugin {
        @Override
        public void configure(PluginBinder binder) {
            binder.httpFilter("count", Nothing.class, Factory.class);
        }
    }

    record Nothing() {}

    static final class Factory implements Configured<Nothing, HttpFilter> {
        private final Loops loops;

        @Inject
        Factory(Loops loops) {
            this.loops = loops;
        }

        @Override
        public HttpFilter create(Nothing config) {
            return new Counting(loops);
        }
    }

    /** Counts the pieces of bodies in a buffer of its own. */
    private static final class Counting implements HttpFilter {
        private static final HttpAttribute<ByteBuf> COUNT = HttpAttribute.named("count");
        private static final HttpAttribute<Loop> HOME = HttpAttribute.named("home");

        private final Loops loops;
        private int all;

        Counting(Loops loops) {
            this.loops = loops;
        }

        @Override
        public HttpBodyUse requestBodyUse() {
            return HttpBodyUse.TRANSFORM;
        }

        @Override
        public HttpBodyUse responseBodyUse() {
            return HttpBodyUse.STREAM;
        }

        @Override
        public HttpVerdict request(HttpExchange exchange) {
            exchange.set(COUNT, exchange.allocator().buffer());
            exchange.set(HOME, loops.current());
            return HttpVerdict.CONTINUE;
        }

        @Override
        public HttpVerdict requestBody(HttpExchange exchange, HttpBody body) {
            ByteBuf count = exchange.get(COUNT);
            if (count == null) {
                throw new IllegalStateException("no request");
            }
            count.writeByte('x');
            all++;
            boolean first = wrong == Wrong.MIXES_EXCHANGES ? all == 1 : count.readableBytes() == 1;
            boolean drops = wrong == Wrong.DROPS_PIECES || wrong == Wrong.MIXES_EXCHANGES;
            body.replace(drops && !first ? Unpooled.EMPTY_BUFFER : body.bytes().retainedSlice());
            return HttpVerdict.CONTINUE;
        }

        @Override
        public HttpVerdict responseBody(HttpExchange exchange, HttpBody body) {
            if (wrong == Wrong.STAYS_ON_ITS_LOOP && exchange.get(HOME) != loops.current()) {
                throw new IllegalStateException("on another loop");
            }
            if (wrong == Wrong.KEEPS_MEMORY && body.isLast()) {
                release(exchange);
            }
            return HttpVerdict.CONTINUE;
        }

        @Override
        public void end(HttpExchange exchange, HttpOutcome outcome) {
            if (wrong != Wrong.KEEPS_MEMORY) {
                release(exchange);
            }
        }

        private static void release(HttpExchange exchange) {
            ByteBuf count = exchange.get(COUNT);
            if (count != null) {
                count.release();
                exchange.set(COUNT, null);
            }
        }
    }
}
