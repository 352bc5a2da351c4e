package dev.baton.plugin.httpfilters;

import dev.baton.plugin.httpfilters.log.AccessLog;
import dev.baton.spi.Configured;
import dev.baton.spi.config.Default;
import dev.baton.spi.http.HttpExchange;
import dev.baton.spi.http.HttpFields;
import dev.baton.spi.http.HttpFilter;
import dev.baton.spi.http.HttpVerdict;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Gives each request an id, which the server, the client and the access log get. Ids of one process never repeat; those
 * of two processes differ by 64 random bits.
 */
final class RequestId implements HttpFilter {
    private static final int LENGTH_MAX = 128;
    private static final String MARKS = "-._~+/=:@";

    private final Settings settings;
    private final HexFormat hex = HexFormat.of();
    private final String process;
    private final AtomicLong count;

    /**
     * The keys.
     *
     * @param field the name of the field
     * @param trust keeps an id that the client has sent, if it is one
     */
    record Settings(
            @Default("X-Request-Id") String field,
            @Default("false") boolean trust) {
        Settings {
            FieldRules.checkName("field", field);
        }
    }

    /** Makes one for each use. */
    static final class Factory implements Configured<Settings, HttpFilter> {
        @Override
        public HttpFilter create(Settings settings) {
            return new RequestId(settings);
        }
    }

    RequestId(Settings settings) {
        this.settings = settings;
        SecureRandom random = new SecureRandom();
        process = hex.toHexDigits(random.nextLong());
        count = new AtomicLong(random.nextLong());
    }

    @Override
    public HttpVerdict request(HttpExchange exchange) {
        HttpFields fields = exchange.request().fields();
        String id = settings.trust() ? sent(fields) : "";
        if (id.isEmpty()) {
            id = process + hex.toHexDigits(scrambled(count.getAndIncrement()));
        }
        fields.set(settings.field(), id);
        exchange.set(AccessLog.ID, id);
        return HttpVerdict.CONTINUE;
    }

    @Override
    public HttpVerdict response(HttpExchange exchange) {
        String id = exchange.get(AccessLog.ID);
        if (id != null) {
            exchange.response().fields().set(settings.field(), id);
        }
        return HttpVerdict.CONTINUE;
    }

    /** The client's own id; empty if there is none that can be used. */
    private String sent(HttpFields fields) {
        List<String> ids = fields.all(settings.field());
        return ids.size() == 1 && isId(ids.get(0)) ? ids.get(0) : "";
    }

    private static boolean isId(String text) {
        return text.length() <= LENGTH_MAX
                && text.chars()
                        .allMatch(c -> (c >= '0' && c <= '9')
                                || (c >= 'A' && c <= 'Z')
                                || (c >= 'a' && c <= 'z')
                                || MARKS.indexOf(c) >= 0);
    }

    /**
     * Another number for each number (the finalizer of MurmurHash3), so that ids do not tell how many requests came.
     */
    private static long scrambled(long number) {
        long mixed = (number ^ (number >>> 33)) * 0xFF51AFD7ED558CCDL;
        mixed = (mixed ^ (mixed >>> 33)) * 0xC4CEB9FE1A85EC53L;
        return mixed ^ (mixed >>> 33);
    }
}
