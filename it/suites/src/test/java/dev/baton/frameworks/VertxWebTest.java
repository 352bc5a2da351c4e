package dev.baton.frameworks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.embed.Baton;
import dev.baton.suites.Batons;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.handler.BodyHandler;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class VertxWebTest {

    private static <T> T get(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    @Test
    @Timeout(60)
    void shouldRoute() throws Exception {
        try (Baton baton = Batons.turning(2)) {
            Vertx vertx = Vertx.builder().withTransport(baton.transport()).build();
            Router router = Router.router(vertx);
            router.route().handler(BodyHandler.create());
            router.post("/shop/:item")
                    .handler(context -> context.response()
                            .end(context.pathParam("item") + " "
                                    + context.body().asString() + " "
                                    + Thread.currentThread().getName()));
            HttpServer server =
                    get(vertx.createHttpServer().requestHandler(router).listen(0, "127.0.0.1"));
            HttpClient client = vertx.createHttpClient();
            String answer = get(client.request(HttpMethod.POST, server.actualPort(), "127.0.0.1", "/shop/lamp")
                            .compose(request -> request.send("two"))
                            .compose(HttpClientResponse::body))
                    .toString();
            assertThat(answer).startsWith("lamp two baton-loop-");
            get(client.close());
            get(vertx.close());
        }
    }
}
