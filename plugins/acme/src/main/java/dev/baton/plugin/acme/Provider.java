package dev.baton.plugin.acme;

import dev.baton.spi.tls.CertificateFiles;
import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.shredzone.acme4j.Session;
import org.shredzone.acme4j.connector.Connection;
import org.shredzone.acme4j.connector.DefaultConnection;
import org.shredzone.acme4j.connector.HttpConnector;
import org.shredzone.acme4j.connector.NetworkSettings;
import org.shredzone.acme4j.provider.GenericAcmeProvider;

/**
 * How an authority is asked: with the certificates that its own is verified with, and an eye on when it may be asked
 * again, which it may say with any error. For one thread.
 */
final class Provider extends GenericAcmeProvider {
    private static final int CLIENT_ERROR = 400;

    private final Optional<Path> ca;
    private @Nullable Instant retryAfter;

    Provider(Optional<Path> ca) {
        this.ca = ca;
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
        ca.ifPresent(file -> builder.sslContext(trusting(CertificateFiles.certificates(file))));
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
            super.sendRequest(session, url, body);
            HttpResponse<?> response = lastResponse;
            if (response != null && response.statusCode() >= CLIENT_ERROR) {
                retryAfter = getRetryAfter().orElse(null);
            }
        }
    }
}
