package dev.baton.it.architecture;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.Source;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/** Finds synchronized blocks, which ArchUnit does not see. */
final class Monitors {

    /** Class name to the names of its methods that enter a monitor; a method's lambdas count as the method. */
    private static final Map<String, Set<String>> FOUND = new ConcurrentHashMap<>();

    private Monitors() {}

    /** Tells whether a method, or one of the same name, has a synchronized block. */
    static boolean entersOne(JavaCodeUnit unit) {
        JavaClass owner = unit.getOwner();
        return FOUND.computeIfAbsent(owner.getName(), name -> read(owner)).contains(unit.getName());
    }

    private static Set<String> read(JavaClass owner) {
        Source source = owner.getSource().orElseThrow(() -> new IllegalStateException("no class file of " + owner));
        Set<String> names = new HashSet<>();
        try (InputStream bytes = source.getUri().toURL().openStream()) {
            new ClassReader(bytes).accept(new Finder(names), ClassReader.SKIP_DEBUG | ClassReader.SKIP_FRAMES);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + source.getUri(), e);
        }
        return names;
    }

    private static final class Finder extends ClassVisitor {
        private final Set<String> names;

        Finder(Set<String> names) {
            super(Opcodes.ASM9);
            this.names = names;
        }

        @Override
        public MethodVisitor visitMethod(
                int access,
                String name,
                String descriptor,
                @Nullable String signature,
                String @Nullable [] exceptions) {
            // lambda$fdDelete$3 is the lambda number 3 of fdDelete
            String method = name.startsWith("lambda$") ? name.substring(7, name.lastIndexOf('$')) : name;
            return new MethodVisitor(Opcodes.ASM9) {
                @Override
                public void visitInsn(int opcode) {
                    if (opcode == Opcodes.MONITORENTER) {
                        names.add(method);
                    }
                }
            };
        }
    }
}
