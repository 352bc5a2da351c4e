package dev.baton.runtime.dns;

import java.util.List;
import java.util.Locale;

/**
 * What the line {@code hosts:} of {@code nsswitch.conf(5)} says of the places where names are looked up, as far as it
 * matters here.
 *
 * @param dns whether DNS is one of them
 * @param files whether the hosts file comes before it
 * @param multicast whether multicast DNS comes before it: names that end in {@code .local} are not asked of DNS then
 */
record NameSources(boolean dns, boolean files, boolean multicast) {
    /** Where the file, or its line, is missing. */
    private static final NameSources USUAL = new NameSources(true, true, false);

    static NameSources parse(List<String> lines) {
        NameSources sources = USUAL;
        for (String line : lines) {
            int comment = line.indexOf('#');
            String text = (comment < 0 ? line : line.substring(0, comment)).strip();
            if (text.startsWith("hosts:")) {
                // [NOTFOUND=return] and the like are no sources.
                String[] words = text.substring("hosts:".length())
                        .replaceAll("\\[[^]]*]", " ")
                        .strip()
                        .split("\\s+");
                sources = of(List.of(words));
            }
        }
        return sources;
    }

    private static NameSources of(List<String> words) {
        int dns = words.indexOf("dns");
        List<String> before = words.subList(0, Math.max(dns, 0));
        return new NameSources(
                dns >= 0, before.contains("files"), before.stream().anyMatch(word -> word.startsWith("mdns")));
    }

    /**
     * Whether DNS is to be asked for a name.
     *
     * @param forced whether it is although this machine does not use it
     */
    boolean dnsFor(String name, boolean forced) {
        String lower = name.toLowerCase(Locale.ROOT);
        return (dns || forced) && !(multicast && (lower.endsWith(".local") || lower.endsWith(".local.")));
    }
}
