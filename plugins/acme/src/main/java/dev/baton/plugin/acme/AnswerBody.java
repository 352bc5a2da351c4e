package dev.baton.plugin.acme;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** The body of an answer, whole and in memory; an error if it is longer than the limit. For one answer. */
final class AnswerBody implements BodySubscriber<InputStream> {
    private final int bytesMax;
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private final CompletableFuture<InputStream> whole = new CompletableFuture<>();
    private Flow.@Nullable Subscription subscription;

    /** @param bytesMax how long it may be */
    AnswerBody(int bytesMax) {
        this.bytesMax = bytesMax;
    }

    /** The answer is longer than an authority's can be. */
    static final class TooLongException extends IOException {
        private static final long serialVersionUID = 1;

        TooLongException(int bytesMax) {
            super("it is longer than " + bytesMax + " bytes");
        }
    }

    @Override
    public CompletionStage<InputStream> getBody() {
        return whole;
    }

    @Override
    public void onSubscribe(Flow.Subscription source) {
        subscription = source;
        source.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        for (ByteBuffer each : buffers) {
            if (whole.isDone()) {
                return;
            }
            if (received.size() + each.remaining() > bytesMax) {
                if (subscription != null) {
                    subscription.cancel();
                }
                whole.completeExceptionally(new TooLongException(bytesMax));
                return;
            }
            byte[] bytes = new byte[each.remaining()];
            each.get(bytes);
            received.writeBytes(bytes);
        }
    }

    @Override
    public void onError(Throwable cause) {
        whole.completeExceptionally(cause);
    }

    @Override
    public void onComplete() {
        whole.complete(new ByteArrayInputStream(received.toByteArray()));
    }
}
