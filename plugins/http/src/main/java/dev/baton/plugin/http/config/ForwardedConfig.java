package dev.baton.plugin.http.config;

import dev.baton.spi.config.AddressSet;
import dev.baton.spi.config.WrongValueException;
import java.util.List;

/**
 * Which peers are believed about clients. What others say in {@code X-Forwarded-*} and {@code Forwarded} is dropped.
 *
 * @param trust networks of proxies in front of this one, for example {@code 10.0.0.0/8}
 */
public record ForwardedConfig(List<String> trust) {
    /** Checks the networks. */
    public ForwardedConfig {
        for (int i = 0; i < trust.size(); i++) {
            try {
                AddressSet.check(trust.get(i));
            } catch (IllegalArgumentException e) {
                throw new WrongValueException("trust[" + i + "]", String.valueOf(e.getMessage()));
            }
        }
    }
}
