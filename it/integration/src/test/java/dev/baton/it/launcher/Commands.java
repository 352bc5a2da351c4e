package dev.baton.it.launcher;

import dev.baton.runtime.launcher.command.Baton;
import dev.baton.runtime.server.Installation;
import dev.baton.testkit.BatonProcess;
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

    /** The same, as {@code bin/baton} of the distribution does it. */
    static Outcome ofDistribution(String... arguments) {
        String before = System.setProperty(
                Installation.HOME, BatonProcess.distribution().toString());
        try {
            return run(arguments);
        } finally {
            if (before == null) {
                System.clearProperty(Installation.HOME);
            } else {
                System.setProperty(Installation.HOME, before);
            }
        }
    }
}
