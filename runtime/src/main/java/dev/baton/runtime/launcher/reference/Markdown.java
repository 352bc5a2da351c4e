package dev.baton.runtime.launcher.reference;

import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/** A page that is being written. */
final class Markdown {
    private final StringBuilder text = new StringBuilder();

    /** Begins a page. */
    Markdown(String title) {
        text.append("# ").append(title).append('\n');
    }

    /** A heading within the page. */
    Markdown heading(int level, String words) {
        text.append('\n').append("#".repeat(level)).append(' ').append(words).append('\n');
        return this;
    }

    /** One line, however long. */
    Markdown paragraph(String words) {
        text.append('\n').append(words).append('\n');
        return this;
    }

    /** The head of a table; {@link #row} adds the rows. */
    Markdown table(String... columns) {
        text.append('\n');
        row(List.of(columns));
        text.append("|---".repeat(columns.length)).append("|\n");
        return this;
    }

    /** A row of the table that has begun. */
    Markdown row(List<String> cells) {
        cells.forEach(cell -> text.append("| ").append(cell.replace("|", "\\|")).append(cell.isEmpty() ? "" : " "));
        text.append("|\n");
        return this;
    }

    static String code(String text) {
        return "`" + text + "`";
    }

    /** Each as code, with commas between them. */
    static String codes(Collection<String> texts) {
        return texts.stream().map(Markdown::code).collect(Collectors.joining(", "));
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
