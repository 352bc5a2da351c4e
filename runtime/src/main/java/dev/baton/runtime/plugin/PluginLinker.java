package dev.baton.runtime.plugin;

import dev.baton.spi.SharedPackages;
import io.netty.channel.Channel;
import io.netty.util.Version;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.FieldVisitor;
import org.objectweb.asm.Handle;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;

/**
 * Resolves what the classes of a plugin refer to before any of them runs, so that a missing jar, a removed method or a
 * mixed library is told when the plugin is loaded and not by a NoClassDefFoundError at the first connection.
 *
 * <pre>
 * classes of                        every reference to        must be there
 * the jar with the manifest         a class, method or field  yes
 * the plugin's other jars           the shared packages       yes
 *                                   anything else             no: libraries refer to others that are optional
 * shared packages, in any jar       anything                  no: these copies are never loaded
 * </pre>
 *
 * <p>Nothing is initialised by it. For one thread.
 */
final class PluginLinker {
    /** Problems that are told of one plugin: the first ones name the cause. */
    private static final int TOLD_MAX = 5;

    private static final String CLASS = ".class";
    private static final String NETTY_VERSIONS = "META-INF/io.netty.versions.properties";
    private static final String NETTY = Version.identify(Channel.class.getClassLoader()).values().stream()
            .map(Version::artifactVersion)
            .findFirst()
            .orElse("");
    /** Among the members of a class: it cannot be asked for them. */
    private static final String UNKNOWN = "?";

    private final ClassLoader loader;
    private final Set<String> problems = new LinkedHashSet<>();
    private final Map<Class<?>, Set<String>> members = new HashMap<>();
    private final Map<String, Optional<Class<?>>> classes = new HashMap<>();

    private PluginLinker(ClassLoader loader) {
        this.loader = loader;
    }

    /**
     * Resolves the references of all classes.
     *
     * @param main the jar that has the plugin's manifest
     * @throws PluginException with the first of those that lead nowhere
     */
    static void link(Path main, PluginJars jars, ClassLoader loader) throws PluginException {
        PluginLinker linker = new PluginLinker(loader);
        for (PluginJars.Open jar : jars.all()) {
            linker.checkNetty(jar);
        }
        for (PluginJars.Open jar : jars.all()) {
            linker.link(jar, jar.path().equals(main));
        }
        if (!linker.problems.isEmpty()) {
            throw new PluginException(String.join("; ", linker.problems));
        }
    }

    /** A part of Netty works only with the others of the same version, and some of them are the runtime's. */
    private void checkNetty(PluginJars.Open jar) throws PluginException {
        JarEntry entry = jar.file().getJarEntry(NETTY_VERSIONS);
        if (entry == null) {
            return;
        }
        Properties versions = new Properties();
        try (InputStream in = jar.file().getInputStream(entry)) {
            versions.load(in);
        } catch (IOException | IllegalArgumentException e) {
            throw new PluginException(jar.path() + ": " + NETTY_VERSIONS + " cannot be read: " + e, e);
        }
        for (String key : new TreeSet<>(versions.stringPropertyNames())) {
            String version = versions.getProperty(key);
            if (key.endsWith(".version") && !NETTY.equals(version)) {
                problems.add(jar.path() + " is of Netty " + version + ", this Baton shares Netty " + NETTY
                        + " with its plugins: bring that version");
                return;
            }
        }
    }

    private void link(PluginJars.Open jar, boolean strict) throws PluginException {
        for (Enumeration<JarEntry> all = jar.file().entries(); all.hasMoreElements() && problems.size() < TOLD_MAX; ) {
            JarEntry entry = all.nextElement();
            String name = entry.getName();
            if (isUsed(name)) {
                try (InputStream in = jar.file().getInputStream(entry)) {
                    new ClassReader(in.readAllBytes())
                            .accept(
                                    new References(jar.path(), strict),
                                    ClassReader.SKIP_FRAMES | ClassReader.SKIP_DEBUG);
                } catch (IOException | RuntimeException e) {
                    throw new PluginException(
                            jar.path() + ": " + name + " is no class that this JDK ("
                                    + Runtime.version().feature() + ") can load: " + e,
                            e);
                }
            }
        }
    }

    /**
     * A copy of a shared class is not: that of Baton is loaded. netty-handler has some, beside what it is brought for.
     */
    private static boolean isUsed(String entry) {
        return entry.endsWith(CLASS)
                && !entry.startsWith("META-INF/")
                && !entry.endsWith("module-info.class")
                && !SharedPackages.contain(
                        entry.substring(0, entry.length() - CLASS.length()).replace('/', '.'));
    }

    private void problem(Path jar, String from, String what) {
        if (problems.size() < TOLD_MAX) {
            problems.add(jar + ": class " + from.replace('/', '.') + " " + what);
        }
    }

    // ---- what there is --------------------------------------------------------------------------------------------

    private @Nullable Class<?> load(String internalName) {
        Optional<Class<?>> known = classes.get(internalName);
        if (known == null) {
            known = Optional.empty();
            try {
                known = Optional.of(Class.forName(internalName.replace('/', '.'), false, loader));
            } catch (ClassNotFoundException | LinkageError e) {
                // Told for each class that refers to it.
            }
            classes.put(internalName, known);
        }
        return known.orElse(null);
    }

    /** True also where it cannot be known, because the owner refers to what is not there itself. */
    private boolean hasMember(Class<?> owner, String member) {
        if (owner == MethodHandle.class || owner == VarHandle.class) {
            return true; // their methods fit every signature
        }
        Set<String> declared = members.computeIfAbsent(owner, PluginLinker::members);
        if (declared.contains(member) || declared.contains(UNKNOWN)) {
            return true;
        }
        Class<?> parent = owner.isInterface() ? Object.class : owner.getSuperclass();
        if (parent != null && hasMember(parent, member)) {
            return true;
        }
        for (Class<?> each : owner.getInterfaces()) {
            if (hasMember(each, member)) {
                return true;
            }
        }
        return false;
    }

    /** What a class declares, as name and descriptor. */
    private static Set<String> members(Class<?> owner) {
        Set<String> found = new HashSet<>();
        try {
            for (Method method : owner.getDeclaredMethods()) {
                found.add(method.getName() + Type.getMethodDescriptor(method));
            }
            for (Constructor<?> constructor : owner.getDeclaredConstructors()) {
                found.add("<init>" + Type.getConstructorDescriptor(constructor));
            }
            for (Field field : owner.getDeclaredFields()) {
                found.add(field.getName() + Type.getDescriptor(field.getType()));
            }
        } catch (LinkageError e) {
            found.add(UNKNOWN);
        }
        return found;
    }

    // ---- what a class refers to -----------------------------------------------------------------------------------

    /** The references of one class. */
    private final class References extends ClassVisitor {
        private final Path jar;
        private final boolean strict;
        private String self = "";

        References(Path jar, boolean strict) {
            super(Opcodes.ASM9);
            this.jar = jar;
            this.strict = strict;
        }

        /** The class; null if it is not to be looked at, or is not there, which is told. */
        private @Nullable Class<?> type(Type type) {
            Type element = type.getSort() == Type.ARRAY ? type.getElementType() : type;
            if (element.getSort() != Type.OBJECT) {
                return null;
            }
            String name = element.getClassName();
            boolean shared = SharedPackages.contain(name);
            if (!strict && !shared) {
                return null;
            }
            Class<?> found = load(element.getInternalName());
            if (found == null) {
                problem(
                        jar,
                        self,
                        "refers to " + name
                                + (shared
                                        ? ", which this Baton does not have: it was compiled against another version"
                                        : ", which is in none of the plugin's jars: add the one that has it"));
            }
            return type.getSort() == Type.ARRAY ? null : found;
        }

        private void internal(@Nullable String internalName) {
            if (internalName != null) {
                type(Type.getObjectType(internalName));
            }
        }

        private void signature(String descriptor) {
            for (Type argument : Type.getArgumentTypes(descriptor)) {
                type(argument);
            }
            type(Type.getReturnType(descriptor));
        }

        private void member(String owner, String name, String descriptor) {
            Class<?> found = type(Type.getObjectType(owner));
            if (found != null && !hasMember(found, name + descriptor)) {
                boolean method = descriptor.startsWith("(");
                problem(
                        jar,
                        self,
                        "uses " + (method ? "method " : "field ") + owner.replace('/', '.') + "." + name
                                + (method ? readable(descriptor) : "") + ", which "
                                + place(found) + " does not have: it was compiled against another version of that");
            }
        }

        private String readable(String descriptor) {
            return Arrays.stream(Type.getArgumentTypes(descriptor))
                    .map(Type::getClassName)
                    .collect(Collectors.joining(", ", "(", ")"));
        }

        private String place(Class<?> type) {
            CodeSource source = type.getProtectionDomain().getCodeSource();
            return source == null || source.getLocation() == null
                    ? "the JDK"
                    : source.getLocation().getPath();
        }

        private void constant(Object value) {
            if (value instanceof Type type) {
                if (type.getSort() == Type.METHOD) {
                    signature(type.getDescriptor());
                } else {
                    type(type);
                }
            } else if (value instanceof Handle handle) {
                member(handle.getOwner(), handle.getName(), handle.getDesc());
            }
        }

        @Override
        public void visit(
                int version,
                int access,
                String name,
                @Nullable String signature,
                @Nullable String parent,
                String[] faces) {
            self = name;
            internal(parent);
            for (String each : faces) {
                internal(each);
            }
        }

        @Override
        public @Nullable FieldVisitor visitField(
                int access, String name, String descriptor, @Nullable String signature, @Nullable Object value) {
            type(Type.getType(descriptor));
            return null;
        }

        @Override
        public MethodVisitor visitMethod(
                int access, String name, String descriptor, @Nullable String signature, String @Nullable [] thrown) {
            signature(descriptor);
            return new MethodVisitor(Opcodes.ASM9) {
                @Override
                public void visitTypeInsn(int opcode, String type) {
                    internal(type);
                }

                @Override
                public void visitFieldInsn(int opcode, String owner, String field, String type) {
                    member(owner, field, type);
                }

                @Override
                public void visitMethodInsn(int opcode, String owner, String method, String type, boolean isInterface) {
                    if (!owner.startsWith("[")) {
                        member(owner, method, type);
                    }
                }

                @Override
                public void visitInvokeDynamicInsn(String method, String type, Handle bootstrap, Object... arguments) {
                    for (Object each : arguments) {
                        constant(each);
                    }
                }

                @Override
                public void visitLdcInsn(Object value) {
                    constant(value);
                }

                @Override
                public void visitTryCatchBlock(Label start, Label end, Label handler, @Nullable String type) {
                    internal(type);
                }
            };
        }
    }
}
