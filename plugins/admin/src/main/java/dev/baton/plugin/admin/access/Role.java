package dev.baton.plugin.admin.access;

import java.util.Locale;
import java.util.Optional;

/** What somebody may do. */
public enum Role {
    /** Everything that changes nothing. */
    READ,
    /** Everything. */
    ACT;

    /** As it is written. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Optional<Role> of(String word) {
        for (Role each : values()) {
            if (each.word().equals(word)) {
                return Optional.of(each);
            }
        }
        return Optional.empty();
    }
}
