package __package__;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.http.HttpAnswer;
import dev.baton.spi.http.HttpFilter;
import dev.baton.testkit.http.FakeExchange;
import dev.baton.testkit.http.HttpFilterContract;
import org.junit.jupiter.api.Test;

/** The filter alone; the contract has the rules that every filter keeps. */
class __Name__Test extends HttpFilterContract {

    @Override
    protected HttpFilter filter() {
        return new __Name__Filter(new __Name__Filter.Keys("X-Test", "yes"));
    }

    @Test
    void shouldAddTheField() {
        FakeExchange exchange =
                FakeExchange.get("/").meet(filter()).respond(HttpAnswer.of(200)).end();
        assertThat(exchange.got().fields().all("X-Test")).containsExactly("yes");
    }
}
