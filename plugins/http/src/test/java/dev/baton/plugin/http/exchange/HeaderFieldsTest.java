package dev.baton.plugin.http.exchange;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.netty.handler.codec.http.TooLongHttpHeaderException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Fields that were read and fields that were added, in any order, beside a plain list of them. */
class HeaderFieldsTest {
    private static final String[] NAMES = {"a", "B", "Host", "Content-Length", "x-forwarded-for", "Via", "X-Long-Name"};
    private static final String[] VALUES = {"", "1", "some value", "\u00e9\u00ff", "x".repeat(100)};

    private static String one(String[] of, Random random) {
        return of[random.nextInt(of.length)];
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void shouldBeWhatAListIs(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 2_000; round++) {
            HeaderFields fields = new HeaderFields();
            List<Map.Entry<String, String>> expected = new ArrayList<>();
            read(fields, expected, random);
            for (int step = random.nextInt(12); step > 0; step--) {
                change(fields, expected, random);
                check(fields, expected);
            }
            check(fields, expected);
        }
    }

    /** As they come in a head, with blanks or without. */
    private static void read(HeaderFields fields, List<Map.Entry<String, String>> expected, Random random) {
        StringBuilder head = new StringBuilder("start\r\n");
        List<int[]> places = new ArrayList<>();
        for (int count = random.nextInt(20); count > 0; count--) {
            String name = one(NAMES, random);
            String value = one(VALUES, random);
            int nameFrom = head.length();
            head.append(name).append(random.nextInt(8) == 0 ? " :" : ":");
            head.append(random.nextInt(4) == 0 ? "" : random.nextInt(8) == 0 ? "\t" : " ");
            int valueFrom = head.length();
            head.append(value).append(random.nextInt(8) == 0 ? " \r\n" : "\r\n");
            places.add(new int[] {nameFrom, nameFrom + name.length(), valueFrom, valueFrom + value.length()});
            expected.add(Map.entry(name, value));
        }
        byte[] bytes = head.toString().getBytes(ISO_8859_1);
        for (int[] place : places) {
            fields.read(bytes, place[0], place[1], place[2], place[3]);
        }
        fields.keep(bytes.clone());
    }

    private static void change(HeaderFields fields, List<Map.Entry<String, String>> expected, Random random) {
        String name = one(NAMES, random);
        String value = one(VALUES, random);
        switch (random.nextInt(4)) {
            case 0 -> {
                fields.add(name, value);
                expected.add(Map.entry(name, value));
            }
            case 1 -> {
                fields.remove(name);
                expected.removeIf(each -> each.getKey().equalsIgnoreCase(name));
            }
            case 2 -> {
                fields.set(name, value);
                expected.removeIf(each -> each.getKey().equalsIgnoreCase(name));
                expected.add(Map.entry(name, value));
            }
            default -> {
                if (!expected.isEmpty()) {
                    int field = random.nextInt(expected.size());
                    fields.setValue(field, value);
                    expected.set(field, Map.entry(expected.get(field).getKey(), value));
                }
            }
        }
    }

    private static void check(HeaderFields fields, List<Map.Entry<String, String>> expected) {
        assertThat(fields.entries()).isEqualTo(expected);
        for (int i = 0; i < expected.size(); i++) {
            byte[] line = new byte[fields.lineLength(i)];
            fields.copyLine(i, line, 0);
            Map.Entry<String, String> field = expected.get(i);
            assertThat(new String(line, ISO_8859_1)).isEqualTo(field.getKey() + ": " + field.getValue() + "\r\n");
            assertThat(fields.kind(i)).isEqualTo(FieldKind.of(field.getKey()));
            assertThat(fields.has(fields.kind(i))).isTrue();
        }
        for (String name : NAMES) {
            assertThat(fields.getAll(name))
                    .isEqualTo(expected.stream()
                            .filter(each -> each.getKey().equalsIgnoreCase(name))
                            .map(Map.Entry::getValue)
                            .toList());
        }
    }

    @Test
    void shouldHaveALimit() {
        byte[] bytes = "a: b\r\n".getBytes(ISO_8859_1);
        HeaderFields fields = new HeaderFields();
        for (int i = 0; i < HeaderFields.MAX_FIELDS; i++) {
            fields.read(bytes, 0, 1, 3, 4);
        }
        assertThatExceptionOfType(TooLongHttpHeaderException.class).isThrownBy(() -> fields.read(bytes, 0, 1, 3, 4));
        assertThatExceptionOfType(TooLongHttpHeaderException.class).isThrownBy(() -> fields.add("a", "b"));
    }
}
