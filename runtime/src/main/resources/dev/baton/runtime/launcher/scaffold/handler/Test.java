package __package__;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.http.HttpHandler;
import dev.baton.testkit.http.FakeExchange;
import dev.baton.testkit.http.HttpHandlerContract;
import org.junit.jupiter.api.Test;

/** The handler alone; the contract has the rules that every handler keeps. */
class __Name__Test extends HttpHandlerContract {

    @Override
    protected HttpHandler handler() {
        return new __Name__Handler(new __Name__Handler.Keys("greetings from "));
    }

    @Test
    void shouldGreet() {
        FakeExchange exchange = FakeExchange.get("/here").meet(handler()).end();
        assertThat(exchange.received()).isEqualTo("greetings from /here\n");
    }
}
