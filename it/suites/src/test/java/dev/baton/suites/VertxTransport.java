package dev.baton.suites;

import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestPlan;

/**
 * Has Vert.x's suite run on what the system property {@code suites.on} says. Vert.x's tests ask for NIO, which
 * {@link dev.baton.embed.BatonVertxProvider} replaces unless it is switched off. Found by the service loader.
 */
public final class VertxTransport implements TestExecutionListener {
    private static final String SWITCH = "baton.vertx";
    /** Read by the suite's base class. */
    private static final String SUITES_OWN = "vertx.transport";

    @Override
    public void testPlanExecutionStarted(TestPlan plan) {
        String on = System.getProperty("suites.on", "baton");
        System.setProperty(SUITES_OWN, on.equals("epoll") ? "epoll" : "jdk");
        if (!on.equals("baton")) {
            System.setProperty(SWITCH, "off");
        }
    }
}
