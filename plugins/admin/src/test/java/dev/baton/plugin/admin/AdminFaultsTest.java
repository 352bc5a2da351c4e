package dev.baton.plugin.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.baton.spi.admin.OfferedAction;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/**
 * A request was never answered, and kept its connection for ever, when something threw that nobody had foreseen: on the
 * way to its route, in the route, when the body was there, or when the result was to be written.
 */
class AdminFaultsTest extends AdminFixture {
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();

    @BeforeEach
    void listen() {
        log.start();
        logger().addAppender(log);
    }

    @AfterEach
    void detach() {
        logger().detachAppender(log);
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger(Reply.class);
    }

    /** Soon: without an answer it would be when the client gives up. */
    private HttpResponse<String> soon(HttpRequest.Builder request) throws Exception {
        return send(request.timeout(Duration.ofSeconds(10)));
    }

    private static HttpRequest.Builder posting(HttpRequest.Builder request, String body) {
        return request.POST(HttpRequest.BodyPublishers.ofString(body));
    }

    private void assertFault(HttpResponse<String> answer, String error) {
        assertThat(answer.statusCode()).isEqualTo(500);
        assertThat(answer.body()).isEqualTo("{\"error\":\"" + error + "\"}");
        List<ILoggingEvent> warnings = log.list.stream()
                .filter(each -> each.getLevel().isGreaterOrEqual(Level.WARN))
                .toList();
        assertThat(warnings).as("once").hasSize(1);
        assertThat(warnings.get(0).getThrowableProxy()).as("with its stack").isNotNull();
        log.list.clear();
    }

    @Test
    void shouldAnswerWhenAnActionOfTheRuntimeThrows() throws Exception {
        runtime.fault = new AssertionError("no loop today");
        assertFault(soon(posting(request("/v1/loops"), "")), "no loop today");
        runtime.fault = new NoClassDefFoundError();
        assertFault(soon(posting(request("/v1/listeners"), "{}")), "java.lang.NoClassDefFoundError");
        runtime.fault = null;
        assertThat(post("/v1/loops").statusCode()).isEqualTo(200);
    }

    /** What a plugin's action answers. */
    record Answer(String what) {
        @Override
        public String what() {
            throw new IllegalStateException("it cannot be told");
        }
    }

    private static OfferedAction action(Supplier<@Nullable CompletionStage<? extends Record>> act) {
        return new OfferedAction() {
            @Override
            public List<Parameter> parameters() {
                return List.of();
            }

            @Override
            @SuppressWarnings("NullAway") // that is the plugin's error
            public CompletionStage<? extends Record> act(Map<String, String> parameters) {
                return act.get();
            }
        };
    }

    @Test
    void shouldAnswerWhenAPluginsActionAnswersNothingThatCanBeWritten() throws Exception {
        runtime.actions = Map.of(
                "null", action(() -> null), "mute", action(() -> CompletableFuture.completedStage(new Answer(""))));
        restart();
        HttpResponse<String> nothing = soon(posting(request("/v1/null"), ""));
        assertThat(nothing.statusCode()).isEqualTo(500);
        assertThat(nothing.body()).contains("\"error\"");
        log.list.clear();
        HttpResponse<String> mute = soon(posting(request("/v1/mute"), ""));
        assertThat(mute.statusCode()).isEqualTo(500);
        assertThat(mute.body()).contains("\"error\"");
    }

    @Test
    void shouldBreakOffWhatCannotBeFinished() throws Exception {
        runtime.fdCount = 5_000;
        runtime.readableFds = 0;
        assertFault(soon(request("/v1/fds")), "it cannot be read");
        runtime.readableFds = 3_000;
        assertThatIOException().isThrownBy(() -> soon(request("/v1/fds")));
        runtime.fault = new AssertionError("no count today");
        assertThatIOException().isThrownBy(() -> soon(request("/v1/events")));
        runtime.fault = null;
        assertThat(posting("/v1/loops").get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
    }
}
