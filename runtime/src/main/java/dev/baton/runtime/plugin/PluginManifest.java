package dev.baton.runtime.plugin;

import dev.baton.runtime.config.Words;
import dev.baton.spi.SpiVersion;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.jar.Attributes;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a plugin's jar says about itself; all that is known before a class of it is loaded.
 *
 * @param jar the jar whose manifest it is
 * @param id the plugin's id
 * @param version the plugin's version
 * @param spi the version of the SPI that it was compiled against
 * @param entryPoint name of the class that implements {@link dev.baton.spi.Plugin}
 * @param onRequest true if it is to be loaded only when the configuration names it
 */
record PluginManifest(Path jar, String id, String version, String spi, String entryPoint, boolean onRequest) {
    private static final String ID = "Baton-Plugin-Id";
    private static final String VERSION = "Baton-Plugin-Version";
    private static final String SPI = "Baton-Spi-Version";
    private static final String CLASS = "Baton-Plugin-Class";
    private static final String LOAD = "Baton-Plugin-Load";
    private static final String ON_REQUEST = "on-request";
    private static final String PREFIX = "Baton-";
    private static final List<String> KEYS = List.of(ID, VERSION, SPI, CLASS, LOAD);

    private static final Pattern ID_FORM = Pattern.compile("[a-z][a-z0-9-]{0,62}");
    private static final Pattern SPI_FORM = Pattern.compile("(\\d{1,4})\\.(\\d{1,4})");

    /**
     * Reads the manifest of a jar.
     *
     * @return empty if the jar is no plugin's but a library's
     * @throws PluginException if it is a plugin's and lacks something, or no jar at all
     */
    static Optional<PluginManifest> read(PluginJars.Open open) throws PluginException {
        return read(open.path(), open.attributes());
    }

    /**
     * As {@link #read(PluginJars.Open)}.
     *
     * @param jar for messages
     */
    static Optional<PluginManifest> read(Path jar, Attributes attributes) throws PluginException {
        checkKeys(jar, attributes);
        String id = attributes.getValue(ID);
        if (id == null) {
            return Optional.empty();
        }
        if (!ID_FORM.matcher(id).matches()) {
            throw new PluginException(jar + ": " + ID + " is '" + id
                    + "', must begin with a letter and have only lower-case letters, digits and '-'");
        }
        return Optional.of(new PluginManifest(
                jar,
                id,
                required(jar, attributes, VERSION),
                required(jar, attributes, SPI),
                required(jar, attributes, CLASS),
                onRequest(jar, attributes)));
    }

    /** Whether it is that of a plugin's jar and not of a library's. */
    static boolean isPlugin(Attributes attributes) {
        return attributes.getValue(ID) != null;
    }

    /** A key that is misspelt would be as if it were not there. */
    private static void checkKeys(Path jar, Attributes attributes) throws PluginException {
        for (Object key : attributes.keySet()) {
            String name = key.toString();
            if (name.regionMatches(true, 0, PREFIX, 0, PREFIX.length())
                    && KEYS.stream().noneMatch(name::equalsIgnoreCase)) {
                throw new PluginException(jar + ": the manifest has an unknown key " + name
                        + Words.suggestion(name, KEYS, "there is none at all"));
            }
        }
    }

    private static boolean onRequest(Path jar, Attributes attributes) throws PluginException {
        String load = attributes.getValue(LOAD);
        if (load == null || load.isBlank()) { // blank: of a project that does not set the property
            return false;
        }
        if (!load.equals(ON_REQUEST)) {
            throw new PluginException(
                    jar + ": " + LOAD + " is '" + load + "', can only be '" + ON_REQUEST + "'; or leave it out");
        }
        return true;
    }

    private static String required(Path jar, Attributes attributes, String name) throws PluginException {
        String value = attributes.getValue(name);
        if (value == null || value.isBlank()) {
            throw new PluginException(jar + ": the manifest has " + ID + " but not " + name + "; add it");
        }
        return value.strip();
    }

    /** Checks that this runtime can load it: the same major number of the SPI, the minor number not higher. */
    void checkSpi() throws PluginException {
        String ours = SpiVersion.MAJOR + "." + SpiVersion.MINOR;
        Matcher matcher = SPI_FORM.matcher(spi);
        if (!matcher.matches()) {
            throw new PluginException(jar + ": " + SPI + " is '" + spi + "', must be MAJOR.MINOR, for example " + ours);
        }
        int major = Integer.parseInt(matcher.group(1));
        int minor = Integer.parseInt(matcher.group(2));
        if (major != SpiVersion.MAJOR) {
            throw new PluginException(jar + " was compiled against SPI " + spi + ", this Baton has SPI " + ours
                    + "; use a version of the plugin for SPI " + SpiVersion.MAJOR);
        }
        if (minor > SpiVersion.MINOR) {
            throw new PluginException(jar + " was compiled against SPI " + spi + ", which is newer than this Baton's "
                    + ours + "; use a newer Baton or an older version of the plugin");
        }
    }
}
