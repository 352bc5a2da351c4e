package dev.baton.runtime.tls;

import dev.baton.spi.metrics.Metrics;
import dev.baton.spi.metrics.Metrics.Counter;
import dev.baton.spi.tls.CertifiedKey;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.ByteBuffer;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The staples of all certificates that want one, each asked for over HTTP in the background: nothing here waits for a
 * responder. Any thread.
 */
final class Staples {
    private static final Logger LOG = LoggerFactory.getLogger(Staples.class);

    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    /** An answer has some 500 bytes, or 2,000 with the certificate of its responder. */
    private static final int ANSWER_BYTES_MAX = 64 * 1024;

    private final Map<X509Certificate, Staple> staples = new ConcurrentHashMap<>();
    private final Metrics metrics;
    private final InstantSource clock;
    private @Nullable HttpClient client;

    Staples(Metrics metrics, InstantSource clock) {
        this.metrics = metrics;
        this.clock = clock;
    }

    /** That of a certificate. */
    Staple of(CertifiedKey key) {
        return staples.computeIfAbsent(key.certificate(), absent -> new Staple(Ocsp.of(key)));
    }

    /** Asks for what is due; forgets the staples of other certificates than these. For one thread. */
    void look(Collection<ServerCertificate> shown, Executor worker) {
        Set<X509Certificate> wanted = shown.stream()
                .filter(each -> each.staple() != null)
                .map(each -> each.key().certificate())
                .collect(Collectors.toSet());
        staples.keySet().retainAll(wanted);
        for (ServerCertificate each : shown) {
            Staple staple = each.staple();
            URI responder = staple == null ? null : staple.due(clock.instant());
            if (staple != null && responder != null) {
                ask(each.source().name(), staple, responder, worker);
            }
        }
    }

    private void ask(String name, Staple staple, URI responder, Executor worker) {
        HttpClient asking = client;
        if (asking == null) {
            asking = HttpClient.newBuilder()
                    .executor(worker)
                    .connectTimeout(TIMEOUT)
                    .followRedirects(HttpClient.Redirect.NORMAL)
                    .build();
            client = asking;
        }
        try {
            HttpRequest request = HttpRequest.newBuilder(responder)
                    .version(HttpClient.Version.HTTP_1_1)
                    .timeout(TIMEOUT)
                    .header("Content-Type", "application/ocsp-request")
                    .header("Accept", "application/ocsp-response")
                    .POST(HttpRequest.BodyPublishers.ofByteArray(staple.request()))
                    .build();
            asking.sendAsync(request, head -> new Limited())
                    .whenCompleteAsync(
                            (response, failure) -> ended(name, staple, responder, response, failure), worker);
        } catch (RuntimeException e) {
            failed(name, staple, responder, e);
        }
    }

    private void ended(
            String name,
            Staple staple,
            URI responder,
            @Nullable HttpResponse<byte[]> response,
            @Nullable Throwable failure) {
        try {
            if (response == null) {
                failed(name, staple, responder, failure);
            } else if (response.statusCode() != 200) {
                failed(name, staple, responder, new IllegalArgumentException("status " + response.statusCode()));
            } else {
                staple.answered(response.body(), clock.instant());
                count("fetched").increment();
            }
        } catch (RuntimeException e) {
            failed(name, staple, responder, e);
        }
    }

    private void failed(String name, Staple staple, URI responder, @Nullable Throwable failure) {
        count("failed").increment();
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        String why = responder + ": " + (cause instanceof IllegalArgumentException ? cause.getMessage() : cause);
        String line = why.replaceAll("\\p{Cntrl}+", " ");
        if (staple.failed(line, clock.instant())) {
            LOG.warn("there is no new OCSP response for {}: {}", name, line);
        }
    }

    private Counter count(String result) {
        return metrics.counter("baton_tls_ocsp_fetches_total", "OCSP responses that were asked for.", "result", result);
    }

    /** A body that may not be longer than an answer. */
    private static final class Limited implements BodySubscriber<byte[]> {
        private final BodySubscriber<byte[]> bytes = BodySubscribers.ofByteArray();
        private int count;
        private Flow.@Nullable Subscription subscription;

        @Override
        public CompletionStage<byte[]> getBody() {
            return bytes.getBody();
        }

        @Override
        public void onSubscribe(Flow.Subscription begun) {
            subscription = begun;
            bytes.onSubscribe(begun);
        }

        @Override
        public void onNext(List<ByteBuffer> buffers) {
            for (ByteBuffer each : buffers) {
                count += each.remaining();
            }
            if (count <= ANSWER_BYTES_MAX) {
                bytes.onNext(buffers);
                return;
            }
            if (subscription != null) {
                subscription.cancel();
            }
            bytes.onError(new IllegalArgumentException("its answer has more than 64 KiB"));
        }

        @Override
        public void onError(Throwable failure) {
            bytes.onError(failure);
        }

        @Override
        public void onComplete() {
            bytes.onComplete();
        }
    }
}
