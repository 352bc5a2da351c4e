package dev.baton.examples;

import dev.baton.embed.BatonDatagramChannel;
import dev.baton.embed.BatonServerSocketChannel;
import dev.baton.embed.BatonSocketChannel;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.commons.ClassRemapper;
import org.objectweb.asm.commons.Remapper;
import org.objectweb.asm.commons.SimpleRemapper;

/**
 * Loads Netty's examples from their jar. They name NIO in their code, as in {@code NioSocketChannel.class}: such a name
 * finds Baton's class instead. All else is as it is in the jar. Each loader has classes of its own, and so an example
 * reads its system properties again.
 */
final class ExampleLoader extends ClassLoader {
    /** The package of all examples. */
    static final String EXAMPLES = "io.netty.example.";

    /** A group is made with the factory of its I/O: {@link ExampleLoops} takes that of NIO and does not call it. */
    private static final Remapper BATON_FOR_NIO = new SimpleRemapper(
            Opcodes.ASM9,
            Map.of(
                    Type.getInternalName(MultiThreadIoEventLoopGroup.class), Type.getInternalName(ExampleLoops.class),
                    Type.getInternalName(NioServerSocketChannel.class),
                            Type.getInternalName(BatonServerSocketChannel.class),
                    Type.getInternalName(NioSocketChannel.class), Type.getInternalName(BatonSocketChannel.class),
                    Type.getInternalName(NioDatagramChannel.class), Type.getInternalName(BatonDatagramChannel.class)));

    ExampleLoader() {
        super(ExampleLoader.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith(EXAMPLES)) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            return loaded == null ? define(name) : loaded;
        }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
        try (InputStream file = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
            if (file == null) {
                throw new ClassNotFoundException(name + " is not in the jar of Netty's examples");
            }
            ClassWriter onBaton = new ClassWriter(0);
            new ClassReader(file).accept(new ClassRemapper(onBaton, BATON_FOR_NIO), ClassReader.EXPAND_FRAMES);
            byte[] code = onBaton.toByteArray();
            return defineClass(name, code, 0, code.length);
        } catch (IOException e) {
            throw new ClassNotFoundException(name, e);
        }
    }
}
