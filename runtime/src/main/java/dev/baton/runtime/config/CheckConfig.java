package dev.baton.runtime.config;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.WrongValueException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * {@code check:} of an upstream: how its servers are asked, over and over, whether they can serve.
 *
 * @param type what is asked
 * @param interval from the end of one check to the next, a tenth more or less
 * @param timeout how long a check may take, with its connect
 * @param rise how many checks in a row must pass until a server that was down is up
 * @param fall how many checks in a row must fail until a server is down
 * @param port where it is asked; without it, where the requests go
 * @param method of the request; GET without it
 * @param path of the request; / without it
 * @param host the field Host of the request; the server's address without it
 * @param status which answers pass; 200-399 without it
 */
@ShortForm("type")
public record CheckConfig(
        Type type,
        @Default("2s") @Range(min = "100ms", max = "1h") Duration interval,
        @Default("1s") @Range(min = "10ms", max = "5m") Duration timeout,
        @Default("2") @Range(min = "1", max = "100") int rise,
        @Default("3") @Range(min = "1", max = "100") int fall,
        @Range(min = "1", max = "65535") Optional<Integer> port,
        Optional<String> method,
        Optional<String> path,
        Optional<String> host,
        Optional<String> status) {
    private static final Pattern TOKEN = Pattern.compile("(?!CONNECT$)[A-Za-z0-9!#$%&'*+.^_`|~-]{1,32}");
    private static final Pattern PATH = Pattern.compile("/[\\x21-\\x7E]{0,2047}");
    private static final Pattern HOST = Pattern.compile("[\\x21-\\x7E&&[^/?#@]]{1,255}");

    /** What is asked. */
    public enum Type {
        /** A connection. */
        TCP,
        /** An HTTP request. */
        HTTP
    }

    /** Checks that the keys belong to the type, and their form. */
    public CheckConfig {
        List<WrongValueException> wrong = new ArrayList<>();
        if (type == Type.TCP) {
            httpOnly("method", method, wrong);
            httpOnly("path", path, wrong);
            httpOnly("host", host, wrong);
            httpOnly("status", status, wrong);
        } else {
            form("method", method, TOKEN, "no method to ask with", wrong);
            form("path", path, PATH, "no path; one begins with / and has no spaces", wrong);
            form("host", host, HOST, "no host", wrong);
            status.flatMap(StatusSet::problem)
                    .ifPresent(problem -> wrong.add(new WrongValueException("status", problem)));
        }
        WrongValueException.throwAll(wrong);
    }

    /** One that asks this where the file says no more. */
    public static CheckConfig of(Type type, Duration interval, Duration timeout, int rise, int fall) {
        Optional<String> none = Optional.empty();
        return new CheckConfig(type, interval, timeout, rise, fall, Optional.empty(), none, none, none, none);
    }

    private static void httpOnly(String key, Optional<String> value, List<WrongValueException> wrong) {
        if (value.isPresent()) {
            wrong.add(new WrongValueException(key, "it is for checks of type http; one of type tcp only connects"));
        }
    }

    private static void form(
            String key, Optional<String> value, Pattern form, String otherwise, List<WrongValueException> wrong) {
        value.filter(text -> !form.matcher(text).matches())
                .ifPresent(text -> wrong.add(new WrongValueException(key, "'" + text + "' is " + otherwise)));
    }

    /** Which answers pass. */
    public StatusSet passing() {
        return StatusSet.parse(status.orElse("200-399"));
    }
}
