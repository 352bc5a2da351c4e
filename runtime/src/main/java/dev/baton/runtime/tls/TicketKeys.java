package dev.baton.runtime.tls;

import io.netty.handler.ssl.OpenSslServerContext;
import io.netty.handler.ssl.OpenSslSessionTicketKey;
import java.lang.ref.WeakReference;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * The keys of session tickets, by which clients resume (RFC 5077): the same for all listeners and loops of the process.
 * The first encrypts; the others are older and decrypt only. BoringSSL only: the JDK has its own.
 */
final class TicketKeys {
    /** How long a key encrypts, and then decrypts: a ticket can be used for as long, or twice that. */
    static final Duration LIFETIME = Duration.ofHours(12);

    /** The one that encrypts and the one before. */
    private static final int COUNT = 2;

    private final SecureRandom random = new SecureRandom();
    /** The newest first. Guarded by this. */
    private final List<byte[]> keys = new ArrayList<>();
    /** Guarded by this. */
    private final List<WeakReference<OpenSslServerContext>> users = new ArrayList<>();

    private final InstantSource clock;
    /** When the first was made; guarded by this. */
    private Instant made;

    TicketKeys(InstantSource clock) {
        this.clock = clock;
        this.made = clock.instant();
        keys.add(fresh());
    }

    private byte[] fresh() {
        byte[] key = new byte[OpenSslSessionTicketKey.TICKET_KEY_SIZE];
        random.nextBytes(key);
        return key;
    }

    /** Gives the keys to a context, now and whenever they change. */
    synchronized void give(OpenSslServerContext context) {
        context.sessionContext().setTicketKeys(all());
        users.removeIf(each -> each.get() == null);
        users.add(new WeakReference<>(context));
    }

    /** Has a new key encrypt if the one that does is old enough. */
    synchronized void rotateIfDue() {
        if (!clock.instant().isBefore(made.plus(LIFETIME))) {
            rotate();
        }
    }

    /** A new key encrypts from now on. */
    synchronized void rotate() {
        made = clock.instant();
        keys.add(0, fresh());
        while (keys.size() > COUNT) {
            Arrays.fill(keys.remove(keys.size() - 1), (byte) 0);
        }
        giveAgain();
    }

    private void giveAgain() {
        for (WeakReference<OpenSslServerContext> each : users) {
            OpenSslServerContext context = each.get();
            if (context != null) {
                context.sessionContext().setTicketKeys(all());
            }
        }
    }

    /** The keys as text for the process after this one, which takes them by {@link #adopt}: a secret. */
    synchronized String export() {
        StringBuilder text = new StringBuilder().append(made.getEpochSecond());
        for (byte[] key : keys) {
            text.append(' ').append(Base64.getEncoder().encodeToString(key));
        }
        return text.toString();
    }

    /**
     * Uses the keys of the process before, so that its clients can resume here.
     *
     * @throws IllegalArgumentException if the text has none
     */
    synchronized void adopt(String exported) {
        String[] words = exported.split(" ", -1);
        if (words.length < 2 || words.length > 1 + COUNT) {
            throw new IllegalArgumentException("there are " + (words.length - 1) + " ticket keys");
        }
        List<byte[]> adopted = new ArrayList<>();
        for (int i = 1; i < words.length; i++) {
            byte[] key = Base64.getDecoder().decode(words[i]);
            if (key.length != OpenSslSessionTicketKey.TICKET_KEY_SIZE) {
                throw new IllegalArgumentException("a ticket key has " + key.length + " bytes");
            }
            adopted.add(key);
        }
        Instant began = Instant.ofEpochSecond(Long.parseLong(words[0]));
        Instant now = clock.instant();
        made = began.isAfter(now) ? now : began;
        keys.clear();
        keys.addAll(adopted);
        giveAgain();
    }

    private OpenSslSessionTicketKey[] all() {
        return keys.stream()
                .map(key -> new OpenSslSessionTicketKey(
                        Arrays.copyOfRange(key, 0, OpenSslSessionTicketKey.NAME_SIZE),
                        Arrays.copyOfRange(
                                key,
                                OpenSslSessionTicketKey.NAME_SIZE,
                                OpenSslSessionTicketKey.NAME_SIZE + OpenSslSessionTicketKey.HMAC_KEY_SIZE),
                        Arrays.copyOfRange(
                                key,
                                OpenSslSessionTicketKey.NAME_SIZE + OpenSslSessionTicketKey.HMAC_KEY_SIZE,
                                OpenSslSessionTicketKey.TICKET_KEY_SIZE)))
                .toArray(OpenSslSessionTicketKey[]::new);
    }
}
