package dev.baton.plugin.acme;

import dev.baton.spi.config.Checked;
import dev.baton.spi.config.Default;
import dev.baton.spi.config.Hosts;
import dev.baton.spi.config.NotEmpty;
import dev.baton.spi.config.ValueCheck;
import dev.baton.spi.config.WrongValueException;
import io.netty.util.NetUtil;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A certificate to get.
 *
 * @param names the DNS names that it is for, at least one; the first also names the certificate in files, views and
 *     metrics
 * @param challenge how control of the names is proved
 * @param key the kind of its key
 */
record CertificateConfig(
        @Checked(Name.class) @NotEmpty List<String> names,
        @Default("http-01") ChallengeType challenge,
        @Default("ec") KeyType key) {
    /** What public authorities issue at most. */
    private static final int NAMES_MAX = 100;

    /** A file's name has room for it. */
    private static final int NAME_CHARS_MAX = 250;

    /** Refuses what no authority can prove by these challenges. */
    CertificateConfig {
        List<String> lower =
                names.stream().map(name -> name.toLowerCase(Locale.ROOT)).toList();
        List<WrongValueException> wrong = new ArrayList<>();
        for (int i = 0; i < lower.size(); i++) {
            if (lower.indexOf(lower.get(i)) < i) {
                wrong.add(new WrongValueException("names[" + i + "]", "'" + lower.get(i) + "' stands there twice"));
            }
        }
        if (lower.isEmpty() || lower.size() > NAMES_MAX) {
            wrong.add(new WrongValueException("names", "expected 1 to " + NAMES_MAX + " names"));
        }
        WrongValueException.throwAll(wrong);
        names = lower;
    }

    /** A name that can be proved by the challenges that there are. */
    static final class Name implements ValueCheck<String> {
        @Override
        public Optional<String> problem(String name) {
            return Optional.of(CertificateConfig.problem(name.toLowerCase(Locale.ROOT)))
                    .filter(problem -> !problem.isEmpty());
        }
    }

    private static String problem(String name) {
        if (name.startsWith("*.")) {
            return "'" + name + "' is a wildcard, which takes the challenge dns-01: list each name instead";
        }
        if (NetUtil.isValidIpV4Address(name) || NetUtil.isValidIpV6Address(name)) {
            return "'" + name + "' is an address: expected a DNS name";
        }
        return Hosts.isHost(name) && !name.startsWith("[") && !name.endsWith(".") && name.length() <= NAME_CHARS_MAX
                ? ""
                : "'" + name + "' is no DNS name";
    }

    /** What it is called. */
    String name() {
        return names.get(0);
    }
}
