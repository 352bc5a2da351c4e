package dev.baton.runtime.config;

import dev.baton.spi.config.ByteSize;
import dev.baton.spi.config.Choice;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.OnRequest;
import dev.baton.spi.config.Percent;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.ServiceName;
import dev.baton.spi.config.UpstreamName;
import dev.baton.spi.config.WrongValueException;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpHandler;
import dev.baton.spi.listener.BoundSocket;
import dev.baton.spi.listener.InvalidBindException;
import dev.baton.spi.listener.ListenerEndpoint;
import dev.baton.spi.listener.SocketSettings;
import dev.baton.spi.posix.SocketCalls;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a few plugins could add: every type that a component of a record can have is in one of the records. */
final class TestVocabulary implements Vocabulary {

    enum Mode {
        FAST,
        VERY_CAREFUL
    }

    record Retry(
            @Default("1") @Range(min = "0", max = "5") int attempts,
            @Default("fast") Mode mode) {}

    record Proxy(
            @UpstreamName String upstream,
            @Default("30s") @Range(min = "10ms", max = "1h") Duration timeout,

            @Default("64KiB") @Range(min = "1KiB", max = "1MiB")
            ByteSize headerMax,

            @Default("true") boolean keepAlive,
            @Default("0.5") double share,
            Optional<Long> limit,
            List<String> hosts,
            Map<String, Integer> weights,
            Retry retry) {}

    /** Names other services. */
    record Chain(
            @ServiceName Optional<String> next, @ServiceName Map<String, String> others) {}

    /** Refuses some combinations by itself. */
    record Odd(int number) {
        Odd {
            if (number % 2 == 0) {
                throw new IllegalArgumentException("number must be odd, " + number + " is not");
            }
        }
    }

    /** Refuses a value of one key by itself. */
    record Admin(@Default("127.0.0.1:9901") String listen) {
        Admin {
            if (listen.indexOf(':') < 0) {
                throw new WrongValueException("listen", "\"" + listen + "\" has no port");
            }
        }
    }

    record Watch(Duration every) {}

    record Slowly(@Default("1") @Range(min = "1", max = "9") int step) {}

    record Stamp(String name, Optional<Path> image) {}

    /** Chooses what others contribute, and refuses each number that is odd. */
    record Chooser(List<Choice<HttpFilter>> filters, Optional<Choice<HttpHandler>> handler, List<Integer> numbers) {
        Chooser {
            List<WrongValueException> wrong = new ArrayList<>();
            for (int i = 0; i < numbers.size(); i++) {
                if (numbers.get(i) % 2 != 0) {
                    wrong.add(new WrongValueException("numbers[" + i + "]", numbers.get(i) + " is odd"));
                }
            }
            WrongValueException.throwAll(wrong);
        }
    }

    record Census(Duration every) {}

    record Gate(@Default("closed") String state) {}

    @OnRequest
    record Even(
            @Default("30%") @Range(min = "1%", max = "90%") Percent above) {}

    private final boolean lanes;

    /** Without a plugin that opens lanes. */
    TestVocabulary() {
        this(false);
    }

    TestVocabulary(boolean lanes) {
        this.lanes = lanes;
    }

    @Override
    public Collection<String> plugins() {
        return List.of("chaos", "epoll");
    }

    @Override
    public Optional<String> missing(String requirement) {
        return requirement.equals("epoll") ? Optional.empty() : Optional.of("there is no plugin '" + requirement + "'");
    }

    @Override
    public Collection<String> pollers() {
        return List.of("epoll", "poll");
    }

    @Override
    public Map<String, Class<? extends Record>> connectionFilters() {
        return Map.of("gate", Gate.class);
    }

    @Override
    public Map<String, Class<? extends Record>> httpFilters() {
        return Map.of("stamp", Stamp.class, "plain", NoKeys.class);
    }

    @Override
    public Map<String, Class<? extends Record>> httpHandlers() {
        return Map.of("hello", NoKeys.class);
    }

    @Override
    public Map<String, Class<? extends Record>> unbindStrategies() {
        return Map.of("drain", NoKeys.class, "at-once", NoKeys.class, "slowly", Slowly.class);
    }

    @Override
    public Map<String, Class<? extends Record>> takeoverPolicies() {
        return Map.of("takeover", NoKeys.class);
    }

    @Override
    public Map<String, Class<? extends Record>> balancers() {
        return Map.of("round-robin", NoKeys.class, "picky", Slowly.class);
    }

    @Override
    public Map<String, Class<? extends Record>> hooks() {
        return Map.of("census", Census.class, "quiet", NoKeys.class);
    }

    @Override
    public Map<String, Class<? extends Record>> services() {
        return Map.of("http-proxy", Proxy.class, "odd", Odd.class, "chain", Chain.class, "chooser", Chooser.class);
    }

    @Override
    public Map<String, Class<? extends Record>> components() {
        Map<String, Class<? extends Record>> all = new HashMap<>();
        all.put("admin", Admin.class);
        all.put("watch", Watch.class);
        all.put("even", Even.class);
        if (lanes) {
            all.put("lanes", NoKeys.class);
        }
        return all;
    }

    @Override
    public Map<String, Class<? extends Record>> listenerKinds() {
        return Map.of("tcp", NoKeys.class);
    }

    @Override
    public ListenerEndpoint endpoint(String bind, Optional<Variant> kind) {
        boolean unix = bind.startsWith("unix:");
        if (!unix && !bind.matches(".+:\\d+")) {
            throw new InvalidBindException("expected host:port, not '" + bind + "'");
        }
        return new Checked(unix);
    }

    /** Is never opened. */
    private record Checked(boolean unix) implements ListenerEndpoint {
        @Override
        public Optional<String> check(SocketSettings settings) {
            return settings.describesFile() && !unix
                    ? Optional.of("mode, user and group belong to unix sockets")
                    : Optional.empty();
        }

        @Override
        public int socket(SocketCalls calls) {
            throw new AssertionError("opened by a check");
        }

        @Override
        public BoundSocket bind(int number, SocketSettings settings, SocketCalls calls) {
            throw new AssertionError("opened by a check");
        }

        @Override
        public BoundSocket adopt(int number, SocketSettings settings, SocketCalls calls) {
            throw new AssertionError("opened by a check");
        }
    }
}
