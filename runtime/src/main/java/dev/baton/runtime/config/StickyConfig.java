package dev.baton.runtime.config;

import dev.baton.spi.config.Default;
import dev.baton.spi.config.Range;
import dev.baton.spi.config.WrongValueException;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Sessions that stay with their server: the first response sets a cookie, and requests with that cookie go to the same
 * server.
 *
 * @param cookie the cookie's name
 * @param path for which paths the client sends it
 * @param maxAge how long the client keeps it; without it, as long as its browser is open
 * @param secure whether the client sends it over TLS only
 * @param sameSite whether the client sends it with requests that other sites have caused
 */
@ShortForm("cookie")
public record StickyConfig(
        String cookie,
        @Default("/") String path,
        @Range(min = "1s", max = "8760h") Optional<Duration> maxAge,
        @Default("false") boolean secure,
        @Default("lax") SameSite sameSite) {
    /** RFC 6265, section 4.1.1: a token, and a path without the characters that end an attribute. */
    private static final Pattern NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}");

    private static final Pattern PATH = Pattern.compile("/[\\x21-\\x3a\\x3c-\\x7e]{0,255}");

    /** With requests that other sites have caused. */
    public enum SameSite {
        /** Never. */
        STRICT,
        /** If the user follows a link. */
        LAX,
        /** Always, and over TLS only: browsers ask for {@code secure} with it. */
        NONE
    }

    /** Checks the name and the attributes. */
    public StickyConfig {
        if (!NAME.matcher(cookie).matches()) {
            throw new WrongValueException("cookie", "'" + cookie + "' is no name of a cookie");
        }
        if (!PATH.matcher(path).matches()) {
            throw new WrongValueException("path", "'" + path + "' is no path of a cookie: expected /path, without ;");
        }
        boolean host = cookie.regionMatches(true, 0, "__Host-", 0, 7);
        if ((host || cookie.regionMatches(true, 0, "__Secure-", 0, 9)) && (!secure || (host && !path.equals("/")))) {
            throw new WrongValueException(
                    "cookie",
                    "browsers ignore '" + cookie + "' unless it is secure" + (host ? " and its path is /" : ""));
        }
        if (sameSite == SameSite.NONE && !secure) {
            throw new WrongValueException(
                    "sameSite", "browsers ignore a cookie with same-site none unless it is secure: add secure: true");
        }
    }
}
