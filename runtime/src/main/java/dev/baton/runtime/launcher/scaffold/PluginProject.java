package dev.baton.runtime.launcher.scaffold;

import dev.baton.runtime.plugin.PluginException;
import dev.baton.spi.SharedPackages;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A Maven project for a new plugin.
 *
 * @param kind what the plugin contributes
 * @param id the plugin's id, and the name of what it contributes
 * @param packageName the package of its classes
 * @param version of Baton: that of the parent's pom
 * @param sdk the folder of the Maven repository that has it
 */
public record PluginProject(ProjectKind kind, String id, String packageName, String version, Path sdk) {
    private static final Pattern ID = Pattern.compile("[a-z][a-z0-9-]{0,62}");
    private static final Pattern PACKAGE = Pattern.compile("[a-z_][a-z0-9_]*(\\.[a-z_][a-z0-9_]*)*");
    private static final Pattern IMPORT = Pattern.compile("(?m)^import (?:static )?[\\w.]+?\\.([A-Z]\\w*)");
    /** Those of them that a package's name can have. */
    private static final Set<String> KEYWORDS = Set.of(
            ("abstract assert boolean break byte case catch char class const continue default do double else enum"
                            + " extends final finally float for goto if implements import instanceof int interface long"
                            + " native new package private protected public return short static strictfp super switch"
                            + " synchronized this throw throws transient try void volatile while true false null _")
                    .split(" ", -1));

    /**
     * Checks the names.
     *
     * @throws IllegalArgumentException if one cannot be used
     */
    public PluginProject {
        if (!ID.matcher(id).matches()) {
            throw new IllegalArgumentException("'" + id + "' is no id of a plugin: it must begin with a letter and have"
                    + " only lower-case letters, digits and '-', 63 at most");
        }
        if (!PACKAGE.matcher(packageName).matches()
                || Arrays.stream(packageName.split("\\.", -1)).anyMatch(KEYWORDS::contains)) {
            throw new IllegalArgumentException("'" + packageName
                    + "' is no name of a Java package; name another one, for example --package com.example.plugin");
        }
        if (isOthers(packageName)) {
            throw new IllegalArgumentException("the package " + packageName
                    + " is not the plugin's: classes of it come from Baton or the JDK; name another one by --package");
        }
    }

    /** The package for a plugin whose author names none: its id, without hyphens. */
    public static String defaultPackage(String id) {
        String name = id.replace("-", "");
        return KEYWORDS.contains(name) || isOthers(name) ? name + "plugin" : name;
    }

    private static boolean isOthers(String packageName) {
        return SharedPackages.contain(packageName + ".X") || (packageName + ".").startsWith("java.");
    }

    /**
     * Writes the project into a new folder, named as the plugin.
     *
     * @return the folder
     * @throws PluginException if it is there already or cannot be written; nothing is left then
     */
    public Path create(Path parent) throws PluginException {
        Path folder = parent.resolve(id);
        Map<String, String> files = files();
        try {
            Files.createDirectory(folder);
        } catch (FileAlreadyExistsException e) {
            throw new PluginException(
                    "cannot make the project " + id + ": " + folder
                            + " is there already; choose another id, or remove it",
                    e);
        } catch (IOException e) {
            throw new PluginException("cannot make the folder " + folder + ": " + e, e);
        }
        boolean done = false;
        try {
            for (Map.Entry<String, String> file : files.entrySet()) {
                Path path = folder.resolve(file.getKey());
                Files.createDirectories(path.getParent());
                Files.writeString(path, file.getValue());
            }
            done = true;
            return folder;
        } catch (IOException e) {
            throw new PluginException("cannot write the project " + folder + ": " + e, e);
        } finally {
            if (!done) {
                remove(folder);
            }
        }
    }

    private static void remove(Path folder) throws PluginException {
        try (Stream<Path> files = Files.walk(folder)) {
            List<Path> all = files.sorted((one, other) -> other.compareTo(one)).toList();
            for (Path each : all) {
                Files.delete(each);
            }
        } catch (IOException e) {
            throw new PluginException("cannot remove what was begun of " + folder + ": " + e, e);
        }
    }

    /** The text of each file, by its path. */
    private Map<String, String> files() throws PluginException {
        String own = kind.folder() + "/";
        String main = "src/main/java/" + packageName.replace('.', '/') + "/";
        String test = "src/test/java/" + packageName.replace('.', '/') + "/";
        Map<String, String> files = new LinkedHashMap<>();
        files.put("pom.xml", template("pom.xml"));
        files.put("README.md", template("README.md"));
        files.put("baton.yaml", template(own + "baton.yaml"));
        files.put(".gitignore", template("gitignore"));
        files.put(main + "package-info.java", template("package-info.java"));
        files.put(main + name() + "Plugin.java", template(own + "Plugin.java"));
        files.put(main + name() + kind.suffix() + ".java", template(own + kind.suffix() + ".java"));
        files.put(test + name() + "Test.java", template(own + "Test.java"));
        files.put(test + name() + "WorldTest.java", template(own + "WorldTest.java"));
        checkNames(files);
        return files;
    }

    /** A class of the project must not have the name of one that it imports. */
    private void checkNames(Map<String, String> files) throws PluginException {
        Set<String> imported = files.values().stream()
                .flatMap(text -> IMPORT.matcher(text).results())
                .map(found -> found.group(1))
                .collect(Collectors.toSet());
        for (String file : files.keySet()) {
            String name = file.substring(file.lastIndexOf('/') + 1).replace(".java", "");
            if (imported.contains(name)) {
                throw new PluginException("cannot make the project " + id + ": it would have a class " + name
                        + ", as Baton or the JDK has one that it uses; choose another id");
            }
        }
    }

    /** {@code rate-limit} is {@code RateLimit}. */
    private String name() {
        return Arrays.stream(id.split("-", -1))
                .filter(word -> !word.isEmpty())
                .map(word -> word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1))
                .collect(Collectors.joining());
    }

    private String template(String path) throws PluginException {
        return text(path)
                .replace("__dependencies__", kind.needsHttp() ? text("dependencies.xml") : "")
                .replace("__Name__", name())
                .replace("__Kind__", kind.suffix())
                .replace("__kind__", kind.folder().replace('-', ' '))
                .replace("__keys__", kind.hasKeys() ? ", with the record of its keys" : "")
                .replace("__summary__", kind.summary())
                .replace("__metric__", id.replace('-', '_'))
                .replace("__id__", id)
                .replace("__package__", packageName)
                .replace("__version__", version)
                .replace("__sdk__", sdk.toUri().toString().replace("&", "&amp;").replace("<", "&lt;"));
    }

    private static String text(String path) throws PluginException {
        try (InputStream in = PluginProject.class.getResourceAsStream(path)) {
            if (in == null) {
                throw new PluginException("this Baton has no template " + path);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new PluginException("the template " + path + " cannot be read: " + e, e);
        }
    }
}
