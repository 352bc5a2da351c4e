package dev.baton.it.launcher;

import dev.baton.runtime.launcher.command.Baton;
import dev.baton.testkit.BatonProcess.Outcome;
import java.io.PrintWriter;
import java.io.StringWriter;

/**
 * Command lines in this JVM, which saves the start of one each; that {@code bin/baton} leads there is a test's of its
 * own.
 */
final class Commands {
    private Commands() {}

    /** Runs a command to its end. */
    static Outcome run(String... arguments) {
        StringWriter text = new StringWriter();
        PrintWriter printer = new PrintWriter(text, true);
        int code = Baton.execute(printer, printer, arguments);
        printer.flush();
        return new Outcome(code, text.toString().strip());
    }
}
