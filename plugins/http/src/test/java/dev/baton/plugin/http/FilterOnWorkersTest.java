package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.exchange.Refusal;
import dev.baton.spi.channel.Eviction;
import dev.baton.spi.config.Choice;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpBody;
import dev.baton.spi.http.HttpBodyUse;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpFilterOptions.OnFailure;
import dev.baton.spi.http.HttpVerdict;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Filters whose callbacks run on workers: those that say so, and those that have blocked loops too often. */
@SuppressWarnings("StringConcatToTextBlock") // the line ends are what matters
class FilterOnWorkersTest extends FilterScene {
    private static final int TOO_OFTEN = 10;

    @ParameterizedTest
    @EnumSource
    void blockingFiltersRunOnWorkers(Ends ends) {
        slow.onRequest = exchange -> {
            exchange.request().fields().set("X-User", "u");
            return HttpVerdict.CONTINUE;
        };
        slow.requestUse = HttpBodyUse.TRANSFORM;
        slow.onRequestBody = (exchange, body) -> upperCase(body);
        try (Bench bench = bench(ends, "a", "slow", "b")) {
            bench.send(POST + "hello");
            assertLog("a request /a");
            while (!bench.work.isEmpty()) {
                bench.work.remove().run();
                bench.settle();
            }
            assertThat(bench.toServer(0))
                    .isEqualTo("POST /a HTTP/1.1\r\nHost: shop\r\nX-User: u\r\n" + FORWARDED
                            + "Transfer-Encoding: chunked\r\n\r\n6\r\nHELLO!\r\n0\r\n\r\n");
            bench.answer(0, OK);
            bench.work.remove().run();
            bench.settle();
            assertThat(bench.toClient()).isEqualTo(OK);
            assertLog(
                    "slow request /a",
                    "b request /a",
                    "slow request body hello.",
                    "b response 200",
                    "slow response 200",
                    "a response 200",
                    "a end COMPLETE",
                    "slow end COMPLETE",
                    "b end COMPLETE");
        }
    }

    /** It is called on loops again when its time is over, and goes at the first call that is too slow. */
    @ParameterizedTest
    @EnumSource
    void whatBlocksLoopsAgainAndAgainRunsOnWorkers(Ends ends) {
        List<Choice<HttpFilter>> filters = List.of(choice("a", OnFailure.REFUSE, Duration.ofMillis(20)));
        try (Bench bench = new Bench(ends, Bench.config(true, filters), Map.of("a", a))) {
            a.onRequest = exchange -> {
                bench.busyFor(30);
                return HttpVerdict.CONTINUE;
            };
            for (int i = 1; i < TOO_OFTEN; i++) {
                assertThat(workers(bench)).isEmpty();
            }
            assertThat(quarantines(bench)).isZero();
            assertThat(workers(bench)).as("from the last one on").containsExactly("response");
            assertThat(quarantines(bench)).isOne();
            assertThat(workers(bench)).containsExactly("request", "response");

            bench.pass(31);
            assertThat(workers(bench)).as("on trial").containsExactly("response");
            assertThat(quarantines(bench)).isEqualTo(2);
            bench.pass(31);
            assertThat(workers(bench)).as("for twice as long").containsExactly("request", "response");
            bench.pass(31);
            assertThat(workers(bench)).containsExactly("response");
        }
    }

    private static long quarantines(Bench bench) {
        return bench.count("baton_http_quarantines_total", "service", "shop", "type", "a", "how", "workers");
    }

    /** Which callbacks of an exchange workers have run. */
    private static List<String> workers(Bench bench) {
        List<String> ran = new ArrayList<>();
        bench.send(GET);
        runWork(bench, "request", ran);
        int connection = bench.opened.size() - 1; // others may have been idle for too long
        assertThat(bench.toServer(connection)).startsWith("GET /a");
        bench.answer(connection, OK);
        runWork(bench, "response", ran);
        assertThat(bench.toClient()).isEqualTo(OK);
        return ran;
    }

    private static void runWork(Bench bench, String name, List<String> ran) {
        while (!bench.work.isEmpty()) {
            ran.add(name);
            bench.work.remove().run();
            bench.settle();
        }
    }

    @ParameterizedTest
    @EnumSource
    void workersMayAnswerThrowAndBeBusy(Ends ends) {
        slow.onRequest = exchange -> answered(exchange, HttpAnswer.of(402));
        try (Bench bench = bench(ends, "slow")) {
            bench.send(GET);
            bench.work.remove().run();
            bench.settle();
            assertThat(bench.toClient()).startsWith("HTTP/1.1 402 ");
        }
        slow.onRequest = exchange -> {
            throw new IllegalStateException("database");
        };
        try (Bench bench = bench(ends, "slow")) {
            bench.send(GET);
            bench.work.remove().run();
            bench.settle();
            assertThat(bench.toClient()).startsWith("HTTP/1.1 500 ");
            assertThat(bench.thrown).containsExactly("plugin-slow: java.lang.IllegalStateException: database");
        }
        try (Bench bench = bench(ends, "slow")) {
            bench.workersAreBusy = true;
            bench.send(GET);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 503 ");
            assertThat(bench.refusals(Refusal.FILTER_BUSY)).isOne();
        }
        slow.onRequest = exchange -> HttpVerdict.CONTINUE;
        try (Bench bench = bench(ends, "slow")) {
            bench.send(GET);
            bench.pass(3);
            assertThat(bench.toClient()).as("it never returns").startsWith("HTTP/1.1 503 ");
            bench.work.remove().run();
            bench.settle();
            assertThat(bench.opened).isEmpty();
        }
    }

    /** A worker that is not listened to any more answers in the middle of the next filter's callback. */
    @ParameterizedTest
    @EnumSource
    void aWorkerThatIsTooLateDisturbsNobody(Ends ends) {
        List<HttpExchange> seen = new ArrayList<>();
        try (Bench bench = bench(ends, OnFailure.BYPASS, "slow", "b")) {
            slow.onRequest = exchange -> {
                seen.add(exchange);
                bench.pass(3);
                return answered(exchange, HttpAnswer.of(200).text("in"));
            };
            b.onRequest = exchange -> {
                seen.get(0).answer(HttpAnswer.of(200).text("in"));
                return answered(exchange, HttpAnswer.of(403));
            };
            bench.send(GET);
            bench.work.remove().run();
            bench.settle();
            assertThat(seen).hasSize(1);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 403 ");
            assertThat(bench.thrown).isEmpty();
        }
    }

    /** A filter that gives something back at the end may still use it: a deflater, for example. */
    @ParameterizedTest
    @EnumSource
    void theEndIsToldWhenTheCallbackOnAWorkerHasReturned(Ends ends) {
        try (Bench bench = bench(ends, "a", "slow")) {
            slow.onRequest = exchange -> {
                bench.pass(3);
                log.add("it runs");
                return HttpVerdict.CONTINUE;
            };
            bench.send(GET);
            bench.work.remove().run();
            assertThat(bench.toClient()).startsWith("HTTP/1.1 503 ");
            bench.settle();
            assertLog(
                    "a request /a",
                    "slow request /a",
                    "a response 503",
                    "a end COMPLETE filter_timeout",
                    "it runs",
                    "slow end COMPLETE filter_timeout");
        }
        try (Bench bench = bench(ends, "slow")) {
            slow.onRequest = exchange -> {
                bench.cut(bench.client);
                log.add("it runs");
                throw new IllegalStateException("whatever it ends with");
            };
            bench.send(GET);
            bench.work.remove().run();
            bench.settle();
            assertLog("slow request /a", "it runs", "slow end CLIENT_ABORTED");
        }
        try (Bench bench = bench(ends, "slow")) {
            bench.send(GET);
            bench.cut(bench.client);
            bench.work.remove().run();
            assertThat(log).as("it never began, and has no end").isEmpty();
        }
    }

    /** One callback of a filter at a time, also where the service answers itself because it has no more room. */
    @ParameterizedTest
    @EnumSource
    void aFilterThatStillRunsDoesNotSeeTheServicesAnswer(Ends ends) {
        try (Bench bench = bench(ends, "a", "slow")) {
            slow.onRequest = exchange -> {
                bench.under(bench.client, () -> bench.client.pipeline().fireUserEventTriggered(new Eviction()));
                log.add("it runs");
                return HttpVerdict.CONTINUE;
            };
            bench.send(GET);
            bench.work.remove().run();
            assertThat(bench.toClient()).startsWith("HTTP/1.1 503 ");
            bench.settle();
            assertLog(
                    "a request /a",
                    "slow request /a",
                    "a response 503",
                    "a end COMPLETE evicted",
                    "it runs",
                    "slow end COMPLETE evicted");
        }
    }

    /** What a filter begins in the callback of a request it finishes at the end: none comes without the other. */
    @ParameterizedTest
    @EnumSource
    void aFilterThatIsNotCalledSeesNoEnd(Ends ends) {
        try (Bench bench = bench(ends, "a", "slow")) {
            bench.workersAreBusy = true;
            bench.send(GET);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 503 ");
            assertLog("a request /a", "a response 503", "a end COMPLETE filter_busy");
        }
        try (Bench bench = bench(ends, "a", "slow")) {
            bench.send(GET);
            bench.pass(3);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 503 ");
            bench.work.remove().run();
            bench.settle();
            assertLog("a request /a", "a response 503", "a end COMPLETE filter_timeout");
        }
        try (Bench bench = bench(ends, "a", "slow")) {
            bench.send(GET);
            bench.under(bench.client, () -> bench.client.pipeline().fireUserEventTriggered(new Eviction()));
            assertThat(bench.toClient()).startsWith("HTTP/1.1 503 ");
            assertLog("a request /a", "a response 503", "a end COMPLETE evicted");
        }
    }

    /** An executor of a plugin's own may refuse, too: that is no lack of workers. */
    @ParameterizedTest
    @EnumSource
    void whatIsRejectedInACallbackIsAnErrorOfIts(Ends ends) {
        slow.onRequest = exchange -> {
            throw new RejectedExecutionException("full");
        };
        try (Bench bench = bench(ends, "slow")) {
            bench.send(GET);
            bench.work.remove().run();
            bench.settle();
            assertThat(bench.toClient()).startsWith("HTTP/1.1 500 ");
            assertThat(bench.thrown).hasSize(1);
        }
    }

    /** What it was given, and what it gives instead, is released by the one who has it last. */
    @ParameterizedTest
    @EnumSource
    void aBodyThatIsReplacedTooLateIsReleased(Ends ends) {
        List<ByteBuf> given = new ArrayList<>();
        List<ByteBuf> made = new ArrayList<>();
        slow.requestUse = HttpBodyUse.TRANSFORM;
        for (OnFailure onFailure : OnFailure.values()) {
            try (Bench bench = bench(ends, onFailure, "slow")) {
                slow.onRequestBody = (exchange, body) -> {
                    given.add(body.bytes());
                    bench.pass(3);
                    assertThat(body.bytes().toString(StandardCharsets.US_ASCII)).isEqualTo("hello");
                    ByteBuf other = exchange.allocator().buffer().writeBytes(new byte[] {'x'});
                    made.add(other);
                    body.replace(other);
                    return HttpVerdict.CONTINUE;
                };
                bench.send(POST + "hello");
                while (!bench.work.isEmpty()) {
                    bench.work.remove().run();
                    bench.settle();
                }
                if (onFailure == OnFailure.BYPASS) {
                    assertThat(bench.toServer(0)).as("what came").contains("5\r\nhello\r\n");
                } else {
                    assertThat(bench.toClient()).startsWith("HTTP/1.1 503 ");
                }
                assertThat(bench.thrown).isEmpty();
            }
        }
        assertThat(given).hasSize(2).allMatch(each -> each.refCnt() == 0);
        assertThat(made).hasSize(2).allMatch(each -> each.refCnt() == 0);
    }

    /** Of a filter that waits, and says what it wants when its time is over. */
    @ParameterizedTest
    @EnumSource
    void whatABodyIsReplacedByAfterTheWaitIsReleased(Ends ends) {
        List<HttpBody> bodies = new ArrayList<>();
        a.requestUse = HttpBodyUse.TRANSFORM;
        a.onRequestBody = (exchange, body) -> {
            bodies.add(body);
            return HttpVerdict.WAIT;
        };
        for (OnFailure onFailure : OnFailure.values()) {
            try (Bench bench = bench(ends, onFailure, "a")) {
                bench.send(POST + "hello");
                bench.pass(3);
                ByteBuf other = bench.allocator.buffer().writeBytes(new byte[] {'x'});
                assertThatIllegalStateException()
                        .isThrownBy(() -> bodies.get(bodies.size() - 1).replace(other))
                        .withMessageContaining("too late");
                assertThat(other.refCnt()).isZero();
            }
        }
    }

    /** Else one that asks a database, and fails, may do so on loops for ever. */
    @ParameterizedTest
    @EnumSource
    void whatBlocksAndThrowsIsCounted(Ends ends) {
        List<Choice<HttpFilter>> filters = List.of(choice("a", OnFailure.REFUSE, Duration.ofMillis(20)));
        try (Bench bench = new Bench(ends, Bench.config(true, filters), Map.of("a", a))) {
            a.onRequest = exchange -> {
                bench.busyFor(30);
                throw new IllegalStateException("no database");
            };
            for (int i = 0; i < TOO_OFTEN; i++) {
                bench.send(GET);
                assertThat(bench.toClient()).startsWith("HTTP/1.1 500 ");
            }
            assertThat(quarantines(bench)).isOne();
            bench.send(GET);
            bench.work.remove().run();
            bench.settle();
            assertThat(bench.toClient()).startsWith("HTTP/1.1 500 ");
        }
    }
}
