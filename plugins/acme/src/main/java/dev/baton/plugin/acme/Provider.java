package dev.baton.plugin.acme;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.shredzone.acme4j.Session;
import org.shredzone.acme4j.connector.Connection;
import org.shredzone.acme4j.connector.DefaultConnection;
import org.shredzone.acme4j.connector.HttpConnector;
import org.shredzone.acme4j.connector.NetworkSettings;
import org.shredzone.acme4j.exception.AcmeProtocolException;
import org.shredzone.acme4j.provider.GenericAcmeProvider;

/**
 * How an authority is asked: with the certificates that its own is verified with, limits on its answers, and an eye on
 * when it may be asked again, which it may say with any error. For one thread.
 */
final class Provider extends GenericAcmeProvider {
    private static final int CLIENT_ERROR = 400;
    /** A chain of ten certificates has some 20 KiB. */
    private static final int ANSWER_BYTES_MAX = 1 << 20;

    private static final int SECONDS_DIGITS_MAX = 9;

    private final Optional<List<X509Certificate>> ca;
    private final Duration answer;
    private @Nullable Instant retryAfter;

    /**
     * Asks so.
     *
     * @param ca what the authority's certificate is verified with; empty for the certificates of the JDK
     * @param answer how long the authority may take for an answer, to its last byte
     */
    Provider(Optional<List<X509Certificate>> ca, Duration answer) {
        this.ca = ca;
        this.answer = answer;
    }

    /** When the authority may be asked again, as its last answer says; null if that was no error, or does not say. */
    @Nullable
    Instant retryAfter() {
        return retryAfter;
    }

    @Override
    public HttpClient createHttpClient(NetworkSettings settings) {
        HttpClient.Builder builder = HttpClient.newBuilder()
                .followRedirects(HttpClient.Redirect.NORMAL)
                .connectTimeout(settings.getTimeout());
        ca.ifPresent(certificates -> builder.sslContext(trusting(certificates)));
        return builder.build();
    }

    private static SSLContext trusting(List<X509Certificate> authorities) {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            for (int i = 0; i < authorities.size(); i++) {
                store.setCertificateEntry("ca" + i, authorities.get(i));
            }
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(store);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalArgumentException("the certificates of 'ca' cannot be used: " + e, e);
        }
    }

    @Override
    public Connection connect(URI server, NetworkSettings settings, HttpClient client) {
        return new Watched(createHttpConnector(settings, client));
    }

    private final class Watched extends DefaultConnection {
        Watched(HttpConnector connector) {
            super(connector);
        }

        @Override
        protected void sendRequest(Session session, URL url, Consumer<HttpRequest.Builder> body) throws IOException {
            retryAfter = null;
            HttpRequest.Builder request = httpConnector
                    .createRequestBuilder(url)
                    .header("Accept-Charset", "utf-8")
                    .header("Accept-Language", session.getLanguageHeader());
            body.accept(request);
            HttpResponse<InputStream> response = whole(request.build());
            refuseEncoded(response);
            lastResponse = response;
            if (response.statusCode() >= CLIENT_ERROR) {
                retryAfter = getRetryAfter().orElse(null);
            }
        }

        @Override
        public Optional<Instant> getRetryAfter() {
            HttpResponse<?> response = lastResponse;
            return response == null
                    ? Optional.empty()
                    : response.headers().firstValue("Retry-After").flatMap(value -> retryAfter(value, Instant.now()));
        }

        /** The deadline and the limit are for the whole answer: those of the client end with its headers. */
        private HttpResponse<InputStream> whole(HttpRequest request) throws IOException {
            CompletableFuture<HttpResponse<InputStream>> asked =
                    httpClient.sendAsync(request, head -> new AnswerBody(ANSWER_BYTES_MAX));
            try {
                return asked.get(answer.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                throw new HttpTimeoutException("no whole answer within " + answer.toMillis() + " ms");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // the caller tells this from a failure by it
                throw new InterruptedIOException("interrupted");
            } catch (ExecutionException e) {
                for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                    if (cause instanceof AnswerBody.TooLongException) {
                        throw new AcmeProtocolException(String.valueOf(cause.getMessage()), e);
                    }
                }
                throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
            } finally {
                asked.cancel(true); // nothing, if it has ended
            }
        }
    }

    /**
     * A point in time of our clock: seconds are counted from now, whatever the authority's clock says. Empty if the
     * value is malformed, which is no reason to take a good answer for a bad one.
     */
    static Optional<Instant> retryAfter(String value, Instant now) {
        try {
            if (value.matches("[0-9]+")) {
                long seconds = value.length() > SECONDS_DIGITS_MAX ? Integer.MAX_VALUE : Long.parseLong(value);
                return Optional.of(now.plusSeconds(seconds));
            }
            return Optional.of(ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant());
        } catch (DateTimeException malformed) {
            return Optional.empty();
        }
    }

    /** acme4j would unpack it, however long it becomes. */
    private static void refuseEncoded(HttpResponse<?> response) {
        String encoding = response.headers().firstValue("Content-Encoding").orElse("identity");
        if (!encoding.equalsIgnoreCase("identity")) {
            throw new AcmeProtocolException("it is encoded, which was not asked for");
        }
    }
}
