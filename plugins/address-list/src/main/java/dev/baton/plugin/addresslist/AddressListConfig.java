package dev.baton.plugin.addresslist;

import dev.baton.spi.config.AddressSet;
import dev.baton.spi.config.WrongValueException;
import java.util.List;

/**
 * Keys of the filter.
 *
 * @param allow networks whose clients may come, for example {@code 10.0.0.0/8}, {@code 2001:db8::/32} or a single
 *     address; empty allows all
 * @param deny networks whose clients are refused, also if they are allowed
 */
public record AddressListConfig(List<String> allow, List<String> deny) {
    /** Refuses what is no network. */
    public AddressListConfig {
        check("allow", allow);
        check("deny", deny);
        if (allow.isEmpty() && deny.isEmpty()) {
            throw new IllegalArgumentException("an address-list needs 'allow' or 'deny'");
        }
    }

    private static void check(String component, List<String> networks) {
        for (String text : networks) {
            try {
                AddressSet.check(text);
            } catch (IllegalArgumentException e) {
                throw new WrongValueException(component, String.valueOf(e.getMessage()));
            }
        }
    }
}
