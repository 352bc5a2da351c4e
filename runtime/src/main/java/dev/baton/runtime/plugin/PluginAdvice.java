package dev.baton.runtime.plugin;

import dev.baton.spi.ByBaton;
import dev.baton.spi.SharedPackages;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.regex.Pattern;
import org.objectweb.asm.ClassReader;

/**
 * What may do harm later and is no error today: copies of shared packages, which are never used, and references that a
 * minor version of the SPI may break.
 */
final class PluginAdvice {
    private static final Pattern INTERNAL = Pattern.compile(".*\\.(internal|impl)\\..*");
    private static final String CLASS = ".class";
    /** The tag of a class among the constants of a class file. */
    private static final int CONSTANT_CLASS = 7;

    private final List<String> advice = new ArrayList<>();
    /** The classes of others that it refers to, each with the first class that does. */
    private final Map<String, String> internals = new LinkedHashMap<>();

    private PluginAdvice() {}

    /** What there is to say of a plugin, one sentence each. */
    static List<String> on(PluginFolder plugin) throws PluginException {
        PluginAdvice made = new PluginAdvice();
        for (PluginJars.Open jar : plugin.jars().all()) {
            made.copies(jar);
            if (jar.path().equals(plugin.manifest().jar())) {
                made.references(jar);
            }
        }
        return made.advice;
    }

    private static List<String> classes(PluginJars.Open jar) {
        return jar.file().stream()
                .map(JarEntry::getName)
                .filter(name ->
                        name.endsWith(CLASS) && !name.startsWith("META-INF/") && !name.equals("module-info.class"))
                .toList();
    }

    private static String className(String entry) {
        return entry.substring(0, entry.length() - CLASS.length()).replace('/', '.');
    }

    /** A library may have packages beside those that are shared, as netty-handler does: then it is needed. */
    private void copies(PluginJars.Open jar) {
        List<String> names = classes(jar).stream().map(PluginAdvice::className).toList();
        TreeSet<String> copies = new TreeSet<>();
        for (String name : names) {
            SharedPackages.NAMES.stream()
                    .filter(shared -> name.startsWith(shared + "."))
                    .forEach(copies::add);
        }
        boolean whole = !names.isEmpty() && names.stream().allMatch(SharedPackages::contain);
        if (whole || copies.contains("dev.baton.spi")) {
            advice.add(
                    jar.path() + " has classes of " + String.join(", ", copies)
                            + ", which Baton shares with its plugins: these copies are never used; leave them out (scope provided)");
        }
    }

    private void references(PluginJars.Open jar) throws PluginException {
        for (String entry : classes(jar)) {
            try (InputStream in = jar.file().getInputStream(jar.file().getJarEntry(entry))) {
                look(jar, new ClassReader(in.readAllBytes()));
            } catch (IOException | RuntimeException e) {
                throw new PluginException(jar.path() + ": " + entry + " is no class that can be read: " + e, e);
            }
        }
        internals.forEach(
                (target, from) -> advice.add(
                        jar.path() + ": class " + from + " refers to " + target
                                + ", which is internal to a library that Baton shares: a minor version of the SPI may come without it"));
    }

    private void look(PluginJars.Open jar, ClassReader reader) {
        String self = reader.getClassName().replace('/', '.');
        List<String> parents = new ArrayList<>(Arrays.asList(reader.getInterfaces()));
        parents.add(String.valueOf(reader.getSuperName()));
        for (String each : parents) {
            if (isByBaton(each.replace('/', '.'))) {
                advice.add(jar.path() + ": class " + self + " implements " + each.replace('/', '.')
                        + ", which only Baton implements: a minor version of the SPI may add methods to it");
            }
        }
        char[] buffer = new char[reader.getMaxStringLength()];
        for (int i = 1; i < reader.getItemCount(); i++) {
            int offset = reader.getItem(i);
            if (offset > 0 && reader.readByte(offset - 1) == CONSTANT_CLASS) {
                String name = reader.readUTF8(offset, buffer)
                        .replaceAll("^\\[+L|;$", "")
                        .replace('/', '.');
                if (SharedPackages.contain(name) && INTERNAL.matcher(name).matches()) {
                    internals.putIfAbsent(name, self);
                }
            }
        }
    }

    private static boolean isByBaton(String name) {
        if (!SharedPackages.contain(name)) {
            return false;
        }
        try {
            Class<?> found = Class.forName(name, false, PluginAdvice.class.getClassLoader());
            return found.isAnnotationPresent(ByBaton.class)
                    || (found.getEnclosingClass() != null
                            && found.getEnclosingClass().isAnnotationPresent(ByBaton.class)
                            && !found.isAnnotationPresent(FunctionalInterface.class));
        } catch (ClassNotFoundException | LinkageError e) {
            return false; // told by the linker
        }
    }
}
