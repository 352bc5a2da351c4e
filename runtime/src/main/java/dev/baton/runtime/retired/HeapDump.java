package dev.baton.runtime.retired;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Looks in a dump of this process's heap for what holds an object: paths of references from a static field, a thread or
 * another root.
 *
 * <p>It goes from the object to those that refer to it, and from these on, until it comes to roots: each step reads the
 * whole dump once and keeps only what it has found, so the memory that it needs does not depend on the heap. Weak and
 * phantom references hold nothing, and soft ones hold only what nothing else does. Static fields count as roots, unless
 * their class is one of the object's own, which are held by it.
 *
 * <p>Threading: any thread that may wait; the process stands still while the dump is written.
 */
final class HeapDump {
    /** Paths that are told; with these mended, the next dump tells more. */
    static final int PATHS_MAX = 5;
    /** References from a root to the object: what is longer is most likely not the reason. */
    private static final int STEPS_MAX = 40;
    /** Objects on the way that are looked at. */
    private static final int OBJECTS_MAX = 1_000_000;

    /** Its fields hold nothing, or only other references: it is what weak, soft and phantom ones extend. */
    private static final String REFERENCE = "java.lang.ref.Reference";

    private static final String SOFT = "java.lang.ref.SoftReference";
    private static final String REFERENT = "referent";

    private static final String ARROW = " -> ";
    /** So many references at the end of two paths make them the same. */
    private static final int SAME_END = 3;

    private static final int OBJECT = 2;
    private static final int INT = 10;

    private final Path file;
    private final Map<Long, String> names = new HashMap<>();
    private final Map<Long, Long> classNames = new HashMap<>();
    private final Map<Long, ClassDump> classes = new HashMap<>();
    /** Those of a thread, a frame, the JVM; with words for it. */
    private final Map<Long, String> roots = new HashMap<>();
    /** Names of threads, by their objects. */
    private final Map<Long, Long> threadNames = new HashMap<>();

    /** The classes of the objects on the way, by name. */
    private final Map<Long, String> kinds = new HashMap<>();

    record Field(String name, int type) {}

    record StaticField(String name, long value) {}

    record ClassDump(long superclass, long loader, List<Field> fields, List<StaticField> statics) {}

    /** How an object refers to the one that is closer to the end. */
    private record Step(long to, String by) {}

    private HeapDump(Path file) {
        this.file = file;
    }

    /**
     * Dumps the heap and looks for what holds class loaders.
     *
     * @param loaderClass of which they are
     * @param numberField the field of that class, an int, that tells one from another
     * @param numbers of those that are looked for
     * @return paths to each, in the order of the numbers
     * @throws IOException if the heap cannot be dumped
     */
    static List<List<String>> holders(String loaderClass, String numberField, List<Integer> numbers)
            throws IOException {
        HotSpotDiagnosticMXBean jvm = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
        if (jvm == null) {
            throw new IOException("this JVM cannot dump its heap");
        }
        // Only its owner can read the folder: the dump has everything that is in memory.
        Path folder = Files.createTempDirectory("baton-heap-");
        Path file = folder.resolve("heap.hprof");
        try {
            jvm.dumpHeap(file.toString(), true);
            HeapDump dump = new HeapDump(file);
            Map<Integer, Long> found = dump.read(loaderClass, numberField);
            List<List<String>> all = new ArrayList<>();
            for (int number : numbers) {
                Long loader = found.get(number);
                all.add(loader == null ? List.of() : dump.holders(loader));
            }
            return all;
        } finally {
            Files.deleteIfExists(file);
            Files.delete(folder);
        }
    }

    // ---- reading it -------------------------------------------------------------------------------------------------

    /** Reads names, classes and roots, and finds the loaders by their numbers. */
    private Map<Integer, Long> read(String loaderClass, String numberField) throws IOException {
        visit(new DumpVisitor() {
            @Override
            public void root(long object, String what) {
                roots.putIfAbsent(object, what);
            }

            @Override
            public void type(long type, ClassDump dump) {
                classes.put(type, dump);
            }
        });
        Map<Integer, Long> found = new HashMap<>();
        visit(new DumpVisitor() {
            @Override
            public void instance(long object, long type, DumpReader in, int bytes) throws IOException {
                String name = className(type);
                boolean loader = name.equals(loaderClass);
                if (!loader && !"a thread".equals(roots.get(object))) {
                    in.skip(bytes);
                    return;
                }
                long end = in.position() + bytes;
                fields(type, in, false, (field, value) -> {
                    if (loader && field.name().equals(numberField)) {
                        found.put((int) value, object);
                    } else if (!loader && field.name().equals("name") && field.type() == OBJECT) {
                        threadNames.put(object, value);
                    }
                });
                in.skip(end - in.position());
            }
        });
        nameThreads();
        return found;
    }

    /** Those of threads are String objects. */
    private void nameThreads() throws IOException {
        Map<Long, Long> bytesOf = new HashMap<>();
        visit(new DumpVisitor() {
            @Override
            public void instance(long object, long type, DumpReader in, int bytes) throws IOException {
                if (!threadNames.containsValue(object)) {
                    in.skip(bytes);
                    return;
                }
                long end = in.position() + bytes;
                fields(type, in, false, (field, value) -> {
                    if (field.name().equals("value")) {
                        bytesOf.put(value, object);
                    }
                });
                in.skip(end - in.position());
            }
        });
        Map<Long, String> texts = new HashMap<>();
        try (DumpReader in = new DumpReader(file)) {
            visit(in, new DumpVisitor() {}, (array, type, count) -> {
                Long string = bytesOf.get(array);
                if (string == null || type != 8) {
                    return false;
                }
                texts.put(string, in.text(count));
                return true;
            });
        }
        threadNames.forEach(
                (thread, name) -> roots.put(thread, "thread " + texts.getOrDefault(name, "without a name")));
    }

    /** Takes the content of an array of numbers; false leaves it to the reader. */
    private interface Numbers {
        boolean read(long array, int type, int count) throws IOException;
    }

    private void visit(DumpVisitor visitor) throws IOException {
        try (DumpReader in = new DumpReader(file)) {
            visit(in, visitor, (array, type, count) -> false);
        }
    }

    private void visit(DumpReader in, DumpVisitor visitor, Numbers numbers) throws IOException {
        while (!in.isAtEnd()) {
            int tag = in.u1();
            in.u4();
            long length = in.u4() & 0xffffffffL;
            switch (tag) {
                case 0x01 -> {
                    long id = in.id();
                    if (names.containsKey(id)) {
                        in.skip(length - in.idBytes());
                    } else {
                        names.put(id, in.text((int) length - in.idBytes()));
                    }
                }
                case 0x02 -> {
                    in.u4();
                    long type = in.id();
                    in.u4();
                    classNames.put(type, in.id());
                }
                case 0x0c, 0x1c -> segment(in, in.position() + length, visitor, numbers);
                default -> in.skip(length);
            }
        }
    }

    private void segment(DumpReader in, long end, DumpVisitor visitor, Numbers numbers) throws IOException {
        while (in.position() < end) {
            int tag = in.u1();
            switch (tag) {
                case 0xff -> visitor.root(in.id(), "the JVM");
                case 0x01 -> {
                    visitor.root(in.id(), "native code (JNI)");
                    in.id();
                }
                case 0x02, 0x03 -> {
                    visitor.root(in.id(), "a local variable on a thread's stack");
                    in.skip(8);
                }
                case 0x04, 0x06 -> {
                    visitor.root(in.id(), "a thread's stack");
                    in.skip(4);
                }
                case 0x05 -> in.id(); // a class of the JDK: its static fields are looked at
                case 0x07 -> visitor.root(in.id(), "a monitor that is held");
                case 0x08 -> {
                    visitor.root(in.id(), "a thread");
                    in.skip(8);
                }
                case 0x20 -> type(in, visitor);
                case 0x21 -> {
                    long object = in.id();
                    in.u4();
                    long type = in.id();
                    visitor.instance(object, type, in, in.u4());
                }
                case 0x22 -> {
                    long object = in.id();
                    in.u4();
                    int count = in.u4();
                    visitor.array(object, in.id(), in, count);
                }
                case 0x23 -> {
                    long object = in.id();
                    in.u4();
                    int count = in.u4();
                    int type = in.u1();
                    if (!numbers.read(object, type, count)) {
                        in.skip((long) count * bytes(type, in));
                    }
                }
                default -> throw new IOException("the dump of the heap has an unknown part: " + tag);
            }
        }
    }

    private static int bytes(int type, DumpReader in) throws IOException {
        return switch (type) {
            case OBJECT -> in.idBytes();
            case 4, 8 -> 1;
            case 5, 9 -> 2;
            case 6, INT -> 4;
            case 7, 11 -> 8;
            default -> throw new IOException("the dump of the heap has an unknown type: " + type);
        };
    }

    private static long value(int type, DumpReader in) throws IOException {
        if (type == OBJECT) {
            return in.id();
        }
        return switch (bytes(type, in)) {
            case 1 -> in.u1();
            case 2 -> in.u2();
            case 4 -> in.u4();
            default -> {
                in.skip(8); // no long and no double is asked for
                yield 0;
            }
        };
    }

    private void type(DumpReader in, DumpVisitor visitor) throws IOException {
        long type = in.id();
        in.u4();
        long superclass = in.id();
        long loader = in.id();
        in.skip(4L * in.idBytes() + 4);
        for (int left = in.u2(); left > 0; left--) {
            in.u2();
            value(in.u1(), in);
        }
        List<StaticField> statics = new ArrayList<>();
        for (int left = in.u2(); left > 0; left--) {
            long name = in.id();
            int kind = in.u1();
            long value = value(kind, in);
            if (kind == OBJECT && value != 0) {
                statics.add(new StaticField(names.getOrDefault(name, "?"), value));
            }
        }
        List<Field> fields = new ArrayList<>();
        for (int left = in.u2(); left > 0; left--) {
            long name = in.id();
            fields.add(new Field(names.getOrDefault(name, "?"), in.u1()));
        }
        visitor.type(type, new ClassDump(superclass, loader, fields, statics));
    }

    private interface FieldTaker {
        void take(Field field, long value);
    }

    /** The fields of an instance: those of its class first, then of the classes above. */
    private void fields(long type, DumpReader in, boolean soft, FieldTaker taker) throws IOException {
        long at = type;
        boolean holds = false;
        ClassDump dump = classes.get(at);
        while (dump != null) {
            String name = className(at);
            holds |= soft && name.equals(SOFT);
            boolean weak = name.equals(REFERENCE);
            for (Field each : dump.fields()) {
                long value = value(each.type(), in);
                if (!weak || (holds && each.name().equals(REFERENT))) {
                    taker.take(each, value);
                }
            }
            at = dump.superclass();
            dump = classes.get(at);
        }
    }

    private String className(long type) {
        Long name = classNames.get(type);
        String text = name == null ? null : names.get(name);
        return text == null ? "?" : text.replace('/', '.');
    }

    // ---- from an object to what holds it ----------------------------------------------------------------------------

    private List<String> holders(long target) throws IOException {
        List<String> strong = paths(target, false);
        return strong.isEmpty()
                ? paths(target, true).stream()
                        .map(each -> "only until memory is short: " + each)
                        .toList()
                : strong;
    }

    private List<String> paths(long target, boolean soft) throws IOException {
        Map<Long, Step> steps = new HashMap<>();
        LongSet seen = new LongSet();
        seen.add(target);
        LongSet frontier = new LongSet();
        frontier.add(target);
        List<String> paths = new ArrayList<>();
        String root = roots.get(target);
        if (root != null) { // a compiler of the JVM, for example, holds the loader of what it compiles
            paths.add(root);
        }
        for (int step = 0; step < STEPS_MAX && frontier.size() > 0; step++) {
            LongSet next = new LongSet();
            holders(target, soft, frontier, seen, next, steps, paths);
            if (paths.size() >= PATHS_MAX || seen.size() > OBJECTS_MAX) {
                break;
            }
            frontier = next;
        }
        return different(paths);
    }

    /** Of paths that end in the same way only the first: it is the same reference that has to go. */
    private static List<String> different(List<String> paths) {
        Map<String, String> byEnd = new LinkedHashMap<>();
        for (String each : paths) {
            String[] words = each.split(ARROW, -1);
            byEnd.putIfAbsent(
                    String.join(ARROW, List.of(words).subList(Math.max(0, words.length - SAME_END), words.length)),
                    each);
        }
        return List.copyOf(byEnd.values());
    }

    /** One step: what refers to the frontier is the next one, but for roots, which end a path. */
    private void holders(
            long target,
            boolean soft,
            LongSet frontier,
            LongSet seen,
            LongSet next,
            Map<Long, Step> steps,
            List<String> paths)
            throws IOException {
        visit(new DumpVisitor() {
            private void refers(long from, @Nullable String what, long to, String by) {
                if (!seen.add(from)) {
                    return;
                }
                steps.put(from, new Step(to, by));
                if (what != null) {
                    kinds.put(from, what);
                }
                String root = roots.get(from);
                if (root != null) {
                    paths.add(root + " (" + (what == null ? "class " + className(from) : what) + ")"
                            + path(from, target, steps));
                } else {
                    next.add(from);
                }
            }

            @Override
            public void type(long type, ClassDump dump) {
                boolean own = dump.loader() == target;
                if (own && frontier.contains(target)) {
                    refers(type, null, target, "");
                    return;
                }
                for (StaticField each : dump.statics()) {
                    if (!own && frontier.contains(each.value()) && steps.containsKey(each.value())) {
                        paths.add("static field " + className(type) + "." + each.name()
                                + path(each.value(), target, steps, ""));
                    }
                }
            }

            @Override
            public void instance(long object, long type, DumpReader in, int bytes) throws IOException {
                long end = in.position() + bytes;
                boolean own = frontier.contains(type);
                if (own) {
                    refers(object, className(type), type, "");
                }
                fields(type, in, soft, (field, value) -> {
                    if (field.type() == OBJECT && value != 0 && frontier.contains(value)) {
                        refers(object, className(type), value, field.name());
                    }
                });
                in.skip(end - in.position());
            }

            @Override
            public void array(long object, long type, DumpReader in, int count) throws IOException {
                for (int i = 0; i < count; i++) {
                    long value = in.id();
                    if (value != 0 && frontier.contains(value)) {
                        refers(object, className(type), value, "[" + i + "]");
                    }
                }
            }
        });
    }

    private String shownType(long object) {
        return kinds.getOrDefault(object, "class " + className(object));
    }

    private String path(long from, long target, Map<Long, Step> steps) {
        Step first = steps.get(from);
        return first == null ? "" : path(first.to(), target, steps, first.by());
    }

    /** The rest of a path, up to the first object whose class is the loader's. */
    private String path(long from, long target, Map<Long, Step> steps, String by) {
        Deque<String> words = new ArrayDeque<>();
        long at = from;
        String field = by;
        while (true) {
            if (at == target) {
                words.add(field.isEmpty() ? "its class loader" : field + " (the class loader)");
                break;
            }
            if (classes.containsKey(at)) {
                words.add((field.isEmpty() ? "" : field + ": ") + "class " + className(at));
                break;
            }
            words.add(field.isEmpty() ? shownType(at) : field + " (" + shownType(at) + ")");
            Step next = steps.get(at);
            if (next == null) {
                break;
            }
            at = next.to();
            field = next.by();
        }
        return ARROW + String.join(ARROW, words);
    }
}
