package dev.baton.runtime.launcher.dev;

import dev.baton.runtime.plugin.PluginException;
import dev.baton.spi.SpiVersion;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.jar.Attributes;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.jspecify.annotations.Nullable;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.xml.sax.SAXException;
import org.xml.sax.helpers.DefaultHandler;

/**
 * What a project's pom.xml says of its plugin, so that a compiler is all that development needs. It knows the parent
 * {@code baton-plugin-parent}, properties, and nothing else of Maven: of profiles and other parents only Maven itself
 * knows, and what it has packaged tells.
 */
final class PomFile {
    private static final String PARENT_GROUP = "dev.baton";
    private static final String PARENT = "baton-plugin-parent";
    private static final String CLASS = "baton.plugin.class";
    private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{([^}]+)}");
    /** Properties that name each other; more are a circle. */
    private static final int DEPTH_MAX = 10;
    /** What Maven takes for a dependency without a scope. */
    private static final String COMPILE = "compile";

    private final Path file;
    private final Element project;
    private final Map<String, String> properties = new LinkedHashMap<>();

    private PomFile(Path file, Element project) {
        this.file = file;
        this.project = project;
    }

    /**
     * Reads one.
     *
     * @throws PluginException if it is none
     */
    static PomFile read(Path file) throws PluginException {
        Element root;
        try (InputStream in = Files.newInputStream(file)) {
            root = builder().parse(in).getDocumentElement();
        } catch (IOException | SAXException e) {
            throw new PluginException(file + " cannot be read: " + e.getMessage(), e);
        }
        if (!name(root).equals("project")) {
            throw new PluginException(file + " is no pom of Maven: it has <" + name(root) + ">, expected <project>");
        }
        PomFile made = new PomFile(file, root);
        made.collect();
        return made;
    }

    private static DocumentBuilder builder() {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            factory.setNamespaceAware(true);
            DocumentBuilder builder = factory.newDocumentBuilder();
            builder.setErrorHandler(new DefaultHandler()); // throws, and prints nothing
            return builder;
        } catch (ParserConfigurationException e) {
            throw new IllegalStateException("the JDK's XML parser", e);
        }
    }

    private void collect() {
        Optional<Element> parent = child(project, "parent");
        parent.flatMap(each -> text(each, "groupId")).ifPresent(value -> property("project.groupId", value));
        parent.flatMap(each -> text(each, "version")).ifPresent(value -> {
            property("project.version", value);
            property("project.parent.version", value);
        });
        for (String each : List.of("groupId", "artifactId", "version")) {
            text(project, each).ifPresent(value -> property("project." + each, value));
        }
        // The defaults of the parent.
        property("baton.plugin.id", "${project.artifactId}");
        property("baton.plugin.version", "${project.version}");
        property("baton.plugin.load", "");
        property("baton.spi.version", SpiVersion.MAJOR + "." + SpiVersion.MINOR);
        child(project, "properties").ifPresent(all -> children(all).forEach(each -> property(name(each), text(each))));
    }

    private void property(String name, String value) {
        properties.put(name, value);
    }

    /**
     * The plugin's keys in the manifest of its jar.
     *
     * @param batonVersion that of this Baton
     * @return empty if only Maven knows them
     * @throws PluginException if they are not there
     */
    Optional<Attributes> manifest(String batonVersion) throws PluginException {
        Element parent = child(project, "parent").orElse(null);
        if (parent == null
                || !text(parent, "groupId").orElse("").equals(PARENT_GROUP)
                || !text(parent, "artifactId").orElse("").equals(PARENT)
                || !text(parent, "version").orElse("").equals(batonVersion)) {
            return Optional.empty();
        }
        if (!properties.containsKey(CLASS)) {
            throw new PluginException(file + " does not say which class is the plugin: set the property " + CLASS
                    + " to the one that implements dev.baton.spi.Plugin");
        }
        Map<String, String> keys = new LinkedHashMap<>();
        keys.put("Baton-Plugin-Id", "baton.plugin.id");
        keys.put("Baton-Plugin-Version", "baton.plugin.version");
        keys.put("Baton-Spi-Version", "baton.spi.version");
        keys.put("Baton-Plugin-Class", CLASS);
        keys.put("Baton-Plugin-Load", "baton.plugin.load");
        Attributes attributes = new Attributes();
        for (Map.Entry<String, String> key : keys.entrySet()) {
            String value = resolved("${" + key.getValue() + "}");
            if (value == null) {
                return Optional.empty();
            }
            attributes.putValue(key.getKey(), value);
        }
        return Optional.of(attributes);
    }

    /** Null if it names something that only Maven knows. */
    private @Nullable String resolved(String text) {
        String value = text;
        for (int i = 0; i < DEPTH_MAX; i++) {
            Matcher matcher = PLACEHOLDER.matcher(value);
            if (!matcher.find()) {
                return value.strip();
            }
            String known = properties.get(matcher.group(1));
            if (known == null) {
                return null;
            }
            value = value.substring(0, matcher.start()) + known + value.substring(matcher.end());
        }
        return null;
    }

    /** True if the plugin has libraries of its own, which are in its zip. */
    boolean bringsLibraries() {
        return child(project, "dependencies").stream()
                .flatMap(all -> children(all).stream())
                .anyMatch(each -> {
                    String scope = text(each, "scope").orElse(COMPILE);
                    return (scope.equals(COMPILE) || scope.equals("runtime"))
                            && !text(each, "artifactId").orElse("").equals("baton-spi");
                });
    }

    private static String name(Element element) {
        return element.getLocalName();
    }

    private static List<Element> children(Element parent) {
        List<Element> found = new ArrayList<>();
        for (Node each = parent.getFirstChild(); each != null; each = each.getNextSibling()) {
            if (each instanceof Element element) {
                found.add(element);
            }
        }
        return found;
    }

    private static Optional<Element> child(Element parent, String name) {
        return children(parent).stream().filter(each -> name(each).equals(name)).findFirst();
    }

    private static Optional<String> text(Element parent, String name) {
        return child(parent, name).map(PomFile::text);
    }

    private static String text(Element element) {
        return String.valueOf(element.getTextContent()).strip();
    }
}
