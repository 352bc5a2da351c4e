package dev.baton.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code results.md}: a part for each thing that is measured, and the summary of all in front. {@code Results FILE NEW
 * COMMIT DATE} puts the parts of a run in the place of those before, each with its commit and date, and leaves the
 * others. {@code Results FILE} writes the summary anew, and its picture beside the file.
 */
public final class Results {
    private static final String PART = "## ";
    private static final Pattern DATED = Pattern.compile("At commit ([0-9a-f]+|unknown), on (\\d{4}-\\d{2}-\\d{2})");

    private final List<String> head = new ArrayList<>();
    private final Map<String, List<String>> parts = new LinkedHashMap<>();

    private Results(List<String> lines) {
        List<String> into = head;
        for (String line : lines) {
            if (line.startsWith(PART)) {
                into = new ArrayList<>();
                parts.put(line.substring(PART.length()), into);
            } else {
                into.add(line);
            }
        }
        parts.remove(Summary.TITLE);
    }

    /** Changes the file. */
    public static void main(String[] arguments) throws IOException {
        Path file = Path.of(arguments[0]);
        Results results = of(Files.exists(file) ? Files.readAllLines(file) : List.of());
        if (arguments.length > 1) {
            results.replace(of(Files.readAllLines(Path.of(arguments[1]))), arguments[2], arguments[3]);
        }
        Summary summary = Summary.of(results);
        Files.write(file, results.lines(summary));
        Files.writeString(file.resolveSibling(Summary.PICTURE), summary.picture());
    }

    static Results of(List<String> lines) {
        return new Results(lines);
    }

    /** Takes the head and the parts of a run. */
    void replace(Results run, String commit, String date) {
        head.clear();
        head.addAll(run.head);
        run.parts.forEach((title, lines) -> {
            List<String> dated = new ArrayList<>(List.of("", "At commit " + commit + ", on " + date + "."));
            dated.addAll(lines);
            parts.put(title, dated);
        });
    }

    List<String> lines(Summary summary) {
        List<String> all = new ArrayList<>(head);
        all.addAll(summary.lines());
        parts.forEach((title, lines) -> {
            all.add(PART + title);
            all.addAll(lines);
        });
        return all;
    }

    // ---- what is in it ----------------------------------------------------------------------------------------------

    /** The lines of the part whose title begins so. */
    private Optional<List<String>> part(String title) {
        return parts.entrySet().stream()
                .filter(each -> each.getKey().startsWith(title))
                .map(Map.Entry::getValue)
                .findFirst();
    }

    /** When a part was measured; empty if it does not say. */
    String date(String title) {
        for (String line : part(title).orElse(List.of())) {
            Matcher matcher = DATED.matcher(line);
            if (matcher.find()) {
                return matcher.group(2);
            }
        }
        return "";
    }

    /**
     * A number of a table.
     *
     * @param row how a cell of the row begins
     * @param column how the column's title begins
     * @return NaN if there is no such part, row or column
     */
    double number(String title, String row, String column) {
        List<String> columns = List.of();
        for (String line : part(title).orElse(List.of())) {
            if (!line.startsWith("|")) {
                columns = List.of();
                continue;
            }
            List<String> cells = cells(line);
            if (columns.isEmpty()) {
                columns = cells;
            } else if (cells.stream().anyMatch(each -> each.startsWith(row))) {
                int at = indexOf(columns, column);
                return at < 0 || at >= cells.size() ? Double.NaN : parse(cells.get(at));
            }
        }
        return Double.NaN;
    }

    /** All numbers of a column of the rows in which a cell begins so. */
    List<Double> numbers(String title, String row, String column) {
        List<Double> found = new ArrayList<>();
        List<String> columns = List.of();
        for (String line : part(title).orElse(List.of())) {
            List<String> cells = cells(line);
            if (!line.startsWith("|")) {
                columns = List.of();
            } else if (columns.isEmpty()) {
                columns = cells;
            } else if (cells.stream().anyMatch(each -> each.startsWith(row))) {
                int at = indexOf(columns, column);
                double number = at < 0 || at >= cells.size() ? Double.NaN : parse(cells.get(at));
                if (!Double.isNaN(number)) {
                    found.add(number);
                }
            }
        }
        return found;
    }

    /** The number before some words of a part's text; NaN if they are not there. */
    double before(String title, String words) {
        Pattern pattern = Pattern.compile("([0-9.]+) " + Pattern.quote(words));
        return part(title).orElse(List.of()).stream()
                .map(pattern::matcher)
                .filter(Matcher::find)
                .mapToDouble(each -> parse(each.group(1)))
                .findFirst()
                .orElse(Double.NaN);
    }

    private static List<String> cells(String line) {
        List<String> cells = new ArrayList<>();
        for (String each : line.split("\\|", -1)) {
            cells.add(each.strip());
        }
        return cells;
    }

    private static int indexOf(List<String> columns, String title) {
        for (int i = 0; i < columns.size(); i++) {
            if (columns.get(i).startsWith(title)) {
                return i;
            }
        }
        return -1;
    }

    /** The number that a cell begins with. */
    private static double parse(String cell) {
        Matcher matcher = Pattern.compile("^[0-9]+(\\.[0-9]+)?").matcher(cell);
        return matcher.find() ? Double.parseDouble(matcher.group()) : Double.NaN;
    }
}
