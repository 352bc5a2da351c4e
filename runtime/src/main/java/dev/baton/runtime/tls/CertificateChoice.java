package dev.baton.runtime.tls;

import dev.baton.spi.tls.UnknownName;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which of a server's certificates a client is shown: by its name, exactly, then by a wildcard, which stands for one
 * label (RFC 6125, section 6.4.3); among those of that name, one with an EC key if the client takes it. What plugins
 * have published is for the names for which no file is. Does not change.
 */
final class CertificateChoice {
    private final List<ServerCertificate> all;
    private final Map<String, Kinds> ofFiles = new HashMap<>();
    private final Map<String, Kinds> published = new HashMap<>();
    private final @Nullable Kinds otherwise;

    /** Those of one name: the first with a key of each kind. */
    private record Kinds(
            @Nullable ServerCertificate ec, @Nullable ServerCertificate rsa) {
        static Kinds of(ServerCertificate one) {
            return one.key().isEc() ? new Kinds(one, null) : new Kinds(null, one);
        }

        Kinds and(ServerCertificate another) {
            return another.key().isEc()
                    ? new Kinds(ec == null ? another : ec, rsa)
                    : new Kinds(ec, rsa == null ? another : rsa);
        }

        @Nullable
        ServerCertificate choose(boolean takesEc) {
            return rsa == null || (takesEc && ec != null) ? ec : rsa;
        }
    }

    /**
     * Among these.
     *
     * @param all of two for one name and kind of key, the first is shown
     */
    CertificateChoice(List<ServerCertificate> all, UnknownName unknown) {
        this.all = List.copyOf(all);
        for (ServerCertificate each : all) {
            Map<String, Kinds> byName = isOfFiles(each) ? ofFiles : published;
            for (String name : each.key().names()) {
                Kinds known = byName.get(name);
                byName.put(name, known == null ? Kinds.of(each) : known.and(each));
            }
        }
        if (unknown == UnknownName.REFUSE || all.isEmpty()) {
            otherwise = null;
            return;
        }
        ServerCertificate first = all.get(0);
        Kinds kinds = Kinds.of(first);
        for (ServerCertificate each : all) {
            boolean alike = isOfFiles(each) == isOfFiles(first)
                    && each.key().names().equals(first.key().names());
            kinds = alike ? kinds.and(each) : kinds;
        }
        otherwise = kinds;
    }

    private static boolean isOfFiles(ServerCertificate one) {
        return one.source().files() != null;
    }

    /** All of them: those of the configuration in its order, then those that plugins have published. */
    List<ServerCertificate> all() {
        return all;
    }

    /**
     * The one to show.
     *
     * @param name in lower case; null if the client asks for none
     * @param takesEc the client can use one with an EC key
     * @return null if the client is to be refused
     */
    @Nullable
    ServerCertificate choose(@Nullable String name, boolean takesEc) {
        Kinds found = name == null ? null : find(ofFiles, name);
        if (found == null && name != null) {
            found = find(published, name);
        }
        Kinds chosen = found == null ? otherwise : found;
        return chosen == null ? null : chosen.choose(takesEc);
    }

    private static @Nullable Kinds find(Map<String, Kinds> byName, String name) {
        Kinds exact = byName.get(name);
        if (exact != null) {
            return exact;
        }
        int dot = name.indexOf('.');
        return dot > 0 ? byName.get("*" + name.substring(dot)) : null;
    }
}
