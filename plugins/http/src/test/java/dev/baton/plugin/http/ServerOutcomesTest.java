package dev.baton.plugin.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.plugin.http.Bench.Ends;
import dev.baton.plugin.http.config.HttpConfig;
import dev.baton.plugin.http.config.MatchConfig;
import dev.baton.plugin.http.config.RetryConfig;
import dev.baton.plugin.http.config.RouteConfig;
import dev.baton.spi.config.Choice;
import dev.baton.spi.config.Percent;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpFilterOptions.OnFailure;
import dev.baton.spi.http.HttpVerdict;
import dev.baton.spi.upstream.RequestFacts;
import dev.baton.spi.upstream.UpstreamServer;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What the upstream is told of each attempt, once, and which requests another server is asked: those that do nothing to
 * a server, if nothing of a response has gone to the client.
 */
@SuppressWarnings("StringConcatToTextBlock") // the line ends are what matters
class ServerOutcomesTest {
    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    private static final String GET = "GET / HTTP/1.1\r\nHost: shop\r\n\r\n";
    private static final String POST = "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\nhi";
    private static final List<UpstreamServer> TWO =
            List.of(new UpstreamServer("one.test:80", 0), new UpstreamServer("two.test:80", 1));

    /** More than the response-timeout of the bench, 30 s, and not twice that. */
    private static final int SILENCE = 33;

    private static Bench two(Ends ends) {
        Bench bench = new Bench(ends);
        bench.servers = TWO;
        return bench;
    }

    @ParameterizedTest
    @EnumSource
    void eachAnswerIsTold(Ends ends) {
        try (Bench bench = two(ends)) {
            int connection = 0;
            for (String status : List.of("200", "304", "404", "500", "503")) {
                bench.send(GET);
                bench.pass(2);
                bench.answer(connection, "HTTP/1.1 " + status + " X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                assertThat(bench.toClient()).startsWith("HTTP/1.1 " + status + " ");
                connection++;
            }
            assertThat(bench.outcomes)
                    .containsExactly(
                            "one.test:80 ANSWERED after 2s",
                            "two.test:80 ANSWERED after 2s",
                            "one.test:80 ANSWERED after 2s",
                            "two.test:80 ANSWERED after 2s", // an error of the one resource
                            "one.test:80 ERROR after 2s");
        }
    }

    private static RouteConfig limitedTo(Duration timeout, List<Choice<HttpFilter>> filters) {
        return new RouteConfig(
                Optional.of("main"),
                MatchConfig.everything(),
                filters,
                Optional.of("app"),
                false,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(timeout),
                Optional.empty());
    }

    private static Bench limited(Ends ends) {
        RouteConfig route = limitedTo(Duration.ofSeconds(10), List.of());
        Bench bench = new Bench(ends, Bench.config(false, List.of(), route));
        bench.servers = List.of(new UpstreamServer("one.test:80", 0), new UpstreamServer("two.test:80", 1));
        return bench;
    }

    /** A client that sends slowly must not be able to have servers ejected. */
    @ParameterizedTest
    @EnumSource
    void theRoutesTimeIsNotTheServersFaultWhileTheClientSends(Ends ends) {
        try (Bench bench = limited(ends)) {
            bench.send("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 100\r\n\r\nhi");
            bench.pass(11);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 504 ");
            assertThat(bench.outcomes).isEmpty();
        }
        try (Bench bench = limited(ends)) {
            bench.send("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 100\r\n\r\nhi");
            bench.hangUp(bench.opened.get(0));
            assertThat(bench.toClient()).startsWith("HTTP/1.1 502 ");
            assertThat(bench.outcomes).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void theRoutesTimeIsNotTheServersFaultIfItHadLittleOfIt(Ends ends) {
        try (Bench bench = limited(ends)) {
            bench.connectLater = true;
            bench.send(POST);
            bench.pass(8);
            bench.connected(bench.connecting.remove());
            bench.settle();
            bench.pass(3);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 504 ");
            assertThat(bench.outcomes).isEmpty();
        }
        try (Bench bench = limited(ends)) {
            bench.send(POST);
            bench.pass(11);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 504 ");
            assertThat(bench.outcomes).singleElement().asString().startsWith("one.test:80 TIMEOUT ");
        }
    }

    /** An exchange that was given up while it was being connected is sent nowhere. */
    @ParameterizedTest
    @EnumSource
    void whatWasGivenUpGoesToNoOtherServer(Ends ends) {
        ScriptedFilter filter = new ScriptedFilter("a", new ArrayList<>());
        filter.onResponse = exchange -> HttpVerdict.WAIT;
        RouteConfig route = limitedTo(Duration.ofSeconds(2), List.of(FilterScene.choice("a", OnFailure.REFUSE)));
        try (Bench bench = new Bench(ends, Bench.config(false, List.of(), route), Map.of("a", filter))) {
            bench.servers = List.of(new UpstreamServer("one.test:80", 0), new UpstreamServer("two.test:80", 1));
            bench.connectLater = true;
            bench.send("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\nhi");
            bench.pass(3); // over, and the filter looks at the 504
            bench.connecting.remove().failed(new ConnectException("refused"));
            bench.settle();
            assertThat(bench.connecting).isEmpty();
            bench.pass(11); // the filter's time is over too
            assertThat(bench.toClient()).startsWith("HTTP/1.1 504 ");
        }
    }

    /** What waits for filters is there: the route's time is about the server. */
    @ParameterizedTest
    @EnumSource
    void aResponseThatWaitsForAFilterIsInTime(Ends ends) {
        AtomicReference<HttpExchange> seen = new AtomicReference<>();
        ScriptedFilter filter = new ScriptedFilter("a", new ArrayList<>());
        filter.onResponse = exchange -> {
            seen.set(exchange);
            return HttpVerdict.WAIT;
        };
        RouteConfig route = limitedTo(Duration.ofMillis(500), List.of(FilterScene.choice("a", OnFailure.REFUSE)));
        try (Bench bench = new Bench(ends, Bench.config(false, List.of(), route), Map.of("a", filter))) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            bench.pass(1);
            assertThat(bench.toClient()).isEmpty();
            Objects.requireNonNull(seen.get()).resume();
            bench.settle();
            assertThat(bench.toClient()).startsWith("HTTP/1.1 200 OK\r\n");
        }
    }

    @ParameterizedTest
    @EnumSource
    void anotherServerIsAskedAfterOneHasClosed(Ends ends) {
        try (Bench bench = two(ends)) {
            bench.send(GET);
            bench.pass(2);
            bench.hangUp(bench.opened.get(0));
            bench.pass(1);
            bench.answer(1, OK);
            assertThat(bench.toClient()).isEqualTo(OK);
            assertThat(bench.outcomes).containsExactly("one.test:80 CLOSED after 2s", "two.test:80 ANSWERED after 1s");
            bench.idle.clear();
            bench.send(POST);
            bench.hangUp(bench.opened.get(2));
            assertThat(bench.toClient()).startsWith("HTTP/1.1 502 ");
            assertThat(bench.opened).hasSize(3);
            assertThat(bench.outcomes).hasSize(3).last().isEqualTo("two.test:80 CLOSED after 0s");
        }
    }

    @ParameterizedTest
    @EnumSource
    void anotherServerIsAskedAfterOneWasSilent(Ends ends) {
        try (Bench bench = two(ends)) {
            bench.send(GET);
            bench.pass(SILENCE);
            assertThat(bench.asked).isEqualTo(TWO);
            assertThat(bench.opened.get(0).isOpen())
                    .as("nobody waits for that any more")
                    .isFalse();
            bench.pass(5);
            bench.answer(1, OK);
            assertThat(bench.toClient()).isEqualTo(OK);
            assertThat(bench.outcomes).hasSize(2);
            assertThat(bench.outcomes.get(0)).startsWith("one.test:80 TIMEOUT after 3");
            assertThat(bench.outcomes.get(1)).matches("two.test:80 ANSWERED after [5-9]s");
            assertThat(bench.count("baton_http_retries_total", "service", "shop", "route", "*"))
                    .isOne();
        }
    }

    @ParameterizedTest
    @EnumSource
    void bothHaveTheirTime(Ends ends) {
        try (Bench bench = two(ends)) {
            bench.send(GET);
            bench.pass(SILENCE);
            bench.pass(25);
            assertThat(bench.toClient()).isEmpty();
            bench.pass(SILENCE - 25);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 504 ");
            assertThat(bench.opened).as("once more, and not again").hasSize(2);
            assertThat(bench.outcomes).hasSize(2).allMatch(each -> each.contains(" TIMEOUT "));
        }
    }

    /** The server may have acted on it, or the client knows already that one has begun. */
    @ParameterizedTest
    @EnumSource
    void whatMayHaveBeenActedOnIsNotAskedAgain(Ends ends) {
        for (String request : List.of(
                POST,
                "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\n\r\n",
                "PUT / HTTP/1.1\r\nHost: shop\r\n\r\n",
                "DELETE / HTTP/1.1\r\nHost: shop\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\nhi")) {
            try (Bench bench = two(ends)) {
                bench.send(request);
                bench.pass(SILENCE);
                assertThat(bench.toClient()).startsWith("HTTP/1.1 504 ");
                assertThat(bench.opened).hasSize(1);
                assertThat(bench.outcomes).singleElement().asString().startsWith("one.test:80 TIMEOUT ");
            }
            try (Bench bench = two(ends)) {
                bench.send(request);
                bench.hangUp(bench.opened.get(0));
                assertThat(bench.toClient()).startsWith("HTTP/1.1 502 ");
                assertThat(bench.opened).hasSize(1);
                assertThat(bench.outcomes).containsExactly("one.test:80 CLOSED after 0s");
            }
        }
        try (Bench bench = two(ends)) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
            bench.pass(SILENCE);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 103 ").contains("HTTP/1.1 504 ");
            assertThat(bench.opened).hasSize(1);
        }
    }

    /** The head of a response is the verdict; what comes of its body is told elsewhere. */
    @ParameterizedTest
    @EnumSource
    void aResponseThatBreaksOffIsNoSecondOutcome(Ends ends) {
        try (Bench bench = two(ends)) {
            bench.send(GET);
            bench.answer(0, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
            bench.hangUp(bench.opened.get(0));
            assertThat(bench.outcomes).containsExactly("one.test:80 ANSWERED after 0s");
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsNoResponseIsAnError(Ends ends) {
        try (Bench bench = two(ends)) {
            bench.send(GET);
            bench.answer(0, "SSH-2.0-OpenSSH_9.2p1\r\n\r\n");
            assertThat(bench.toClient()).startsWith("HTTP/1.1 502 ");
            assertThat(bench.outcomes).containsExactly("one.test:80 ERROR after 0s");
        }
    }

    /** It may have closed just before the request came: that says nothing of the server. */
    @ParameterizedTest
    @EnumSource
    void anIdleConnectionThatDiesIsNoOutcome(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.warmUp();
            bench.outcomes.clear();
            bench.send(GET);
            bench.hangUp(bench.opened.get(0));
            bench.answer(1, OK);
            assertThat(bench.toClient()).isEqualTo(OK);
            assertThat(bench.outcomes).containsExactly("origin.test:80 ANSWERED after 0s");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aClientThatGivesUpIsNoOutcome(Ends ends) {
        try (Bench bench = two(ends)) {
            bench.send(GET);
            bench.pass(10);
            bench.hangUp(bench.client);
            assertThat(bench.outcomes).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void whereThereIsNoOtherServerNoneIsAsked(Ends ends) {
        try (Bench bench = new Bench(ends)) {
            bench.send(GET);
            bench.pass(SILENCE);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 504 ");
            assertThat(bench.opened).hasSize(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void theTimeoutOfARouteIsForAllAttempts(Ends ends) {
        HttpConfig config = Bench.config(
                false,
                List.of(),
                new RouteConfig(
                        Optional.of("main"),
                        MatchConfig.everything(),
                        List.of(),
                        Optional.of("app"),
                        false,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(Duration.ofSeconds(3)),
                        Optional.of(new RetryConfig(5, new Percent(100)))));
        try (Bench bench = new Bench(ends, config)) {
            bench.servers = TWO;
            bench.send(GET);
            bench.pass(4);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 504 ");
            assertThat(bench.outcomes).singleElement().asString().startsWith("one.test:80 TIMEOUT ");
            bench.send(GET);
            bench.pass(2);
            bench.hangUp(bench.opened.get(1));
            bench.pass(2);
            assertThat(bench.toClient()).startsWith("HTTP/1.1 504 ");
            assertThat(bench.outcomes)
                    .as("the other one had a second only")
                    .hasSize(2)
                    .last()
                    .asString()
                    .startsWith("two.test:80 CLOSED ");
        }
    }

    @ParameterizedTest
    @EnumSource
    void onlySafeRequestsWithoutABodySayThatTheyAre(Ends ends) {
        for (String method : List.of("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH")) {
            try (Bench bench = two(ends)) {
                bench.connectLater = true;
                bench.send(method + " / HTTP/1.1\r\nHost: shop\r\n\r\n");
                assertThat(((RequestFacts) bench.connecting.element()).isSafe())
                        .as(method)
                        .isEqualTo(Stream.of("GET", "HEAD", "OPTIONS").anyMatch(method::equals));
            }
        }
        assertThat(RequestFacts.NONE.isSafe()).isFalse();
    }
}
