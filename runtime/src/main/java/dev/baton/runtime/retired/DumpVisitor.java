package dev.baton.runtime.retired;

import java.io.IOException;

/** Is told of the things in a dump of the heap, in their order. Objects and classes are told by their numbers. */
interface DumpVisitor {
    /** Something that is there whatever refers to it. */
    default void root(long object, String what) {}

    /** A class. */
    default void type(long type, HeapDump.ClassDump dump) {}

    /**
     * An object; its fields are next in the dump.
     *
     * @param bytes how many are to be read, neither more nor less
     */
    default void instance(long object, long type, DumpReader in, int bytes) throws IOException {
        in.skip(bytes);
    }

    /**
     * An array of objects, whose numbers are next in the dump.
     *
     * @param count how many are to be read, neither more nor less
     */
    default void array(long object, long type, DumpReader in, int count) throws IOException {
        in.skip((long) count * in.idBytes());
    }
}
