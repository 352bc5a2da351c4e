package dev.baton.plugin.balancers;

/**
 * Keys of {@code hash-cookie}.
 *
 * @param cookie the name of the cookie whose value decides
 */
public record CookieKeys(String cookie) {
    /** Refuses what is no name. */
    public CookieKeys {
        Token.check("cookie", cookie);
    }
}
