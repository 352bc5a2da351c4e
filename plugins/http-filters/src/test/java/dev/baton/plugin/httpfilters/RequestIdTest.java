package dev.baton.plugin.httpfilters;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.baton.plugin.httpfilters.log.AccessLog;
import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpFilter;
import dev.baton.testkit.http.FakeExchange;
import dev.baton.testkit.http.HttpFilterContract;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ids of requests: new ones, and those of clients that are trusted. */
class RequestIdTest {
    private static final String FIELD = "X-Request-Id";
    private static final String NEW = "[0-9a-f]{32}";

    private static FakeExchange exchange(boolean trust, String... sent) {
        FakeExchange exchange = FakeExchange.get("/");
        for (String id : sent) {
            exchange.with(FIELD, id);
        }
        return exchange.meet(new RequestId(new RequestId.Settings(FIELD, trust)))
                .respond(HttpAnswer.of(200).with(FIELD, "the server's"))
                .end();
    }

    /** The id that the server and the client get: the same. */
    private static String id(FakeExchange exchange) {
        assertThat(exchange.request().fields().all(FIELD)).hasSize(1);
        String id = exchange.request().fields().all(FIELD).get(0);
        assertThat(exchange.got().fields().all(FIELD)).containsExactly(id);
        assertThat(exchange.get(AccessLog.ID)).isEqualTo(id);
        return id;
    }

    @Test
    void shouldGiveEachRequestANewId() {
        Set<String> ids = new HashSet<>();
        RequestId filter = new RequestId(new RequestId.Settings(FIELD, false));
        for (int i = 0; i < 1_000; i++) {
            FakeExchange exchange = FakeExchange.get("/").meet(filter).respond(HttpAnswer.of(200));
            ids.add(id(exchange));
        }
        assertThat(ids).hasSize(1_000).allMatch(id -> id.matches(NEW));
    }

    @Test
    void shouldReplaceTheClientsIdUnlessItIsTrusted() {
        assertThat(id(exchange(false, "client-1"))).matches(NEW);
        assertThat(id(exchange(true, "client-1"))).isEqualTo("client-1");
        assertThat(id(exchange(true))).matches(NEW);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a\"b", "a,b", "\u00e4", "{id}"})
    void shouldReplaceWhatIsNoId(String id) {
        assertThat(id(exchange(true, id))).matches(NEW);
    }

    @Test
    void shouldReplaceIdsThatAreTooLongOrSeveral() {
        assertThat(id(exchange(true, "a".repeat(128)))).hasSize(128);
        assertThat(id(exchange(true, "a".repeat(129)))).matches(NEW);
        assertThat(id(exchange(true, "a", "b"))).matches(NEW);
    }

    @Test
    void shouldRefuseAFieldThatItMustNotChange() {
        assertThatThrownBy(() -> new RequestId.Settings("Host", false)).hasMessageContaining("only the service");
        assertThatThrownBy(() -> new RequestId.Settings("a b", false)).hasMessage("'a b' is no name of a field");
    }

    @Nested
    class Contract extends HttpFilterContract {
        @Override
        protected HttpFilter filter() {
            return new RequestId(new RequestId.Settings(FIELD, true));
        }

        @Override
        protected String withoutWhatIsNew(String transcript) {
            return transcript.replaceAll(NEW, "ID");
        }
    }
}
