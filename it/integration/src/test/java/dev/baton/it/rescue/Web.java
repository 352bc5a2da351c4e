package dev.baton.it.rescue;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Whole requests. */
final class Web {
    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private Web() {}

    static HttpResponse<String> get(String address, String path) throws Exception {
        return send(HttpRequest.newBuilder(URI.create("http://" + address + path)));
    }

    static HttpResponse<String> post(String address, String path) throws Exception {
        return send(
                HttpRequest.newBuilder(URI.create("http://" + address + path)).POST(BodyPublishers.noBody()));
    }

    static CompletableFuture<HttpResponse<String>> postAsync(String address, String path) {
        return CLIENT.sendAsync(
                HttpRequest.newBuilder(URI.create("http://" + address + path))
                        .POST(BodyPublishers.noBody())
                        .build(),
                BodyHandlers.ofString());
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return CLIENT.send(request.timeout(Duration.ofSeconds(60)).build(), BodyHandlers.ofString());
    }
}
