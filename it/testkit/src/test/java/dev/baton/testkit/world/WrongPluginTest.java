package dev.baton.testkit.world;

import static org.assertj.core.api.Assertions.assertThat;

import dev.baton.spi.Plugin;
import dev.baton.testkit.ContractRun;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.platform.engine.TestExecutionResult;

/**
 * A plugin with one thing wrong fails its test in each world, under each schedule, with the reason; though it serves.
 */
class WrongPluginTest {
    private static final int SEEDS = 3;
    /** What is never closed is waited for in vain; a healthy close takes a thousandth of it. */
    private static final Map<String, String> SOON = Map.of(EachWorldExtension.CLOSING, "2000");

    private static Class<? extends Plugin> wrong = WrongPlugins.LeaksABuffer.class;

    @AfterEach
    void forgetProperties() {
        System.clearProperty("sim.seeds");
        System.clearProperty("seed");
    }

    static List<Arguments> plugins() {
        return List.of(
                Arguments.of(WrongPlugins.LeaksABuffer.class, "asksAndLeaves", "100 bytes of buffers"),
                Arguments.of(WrongPlugins.LogsAnError.class, "asksAndLeaves", "logged by a wrong plugin"),
                Arguments.of(WrongPlugins.NeverCloses.class, "asksAndLeaves", "1 connections are open 2000 ms after"),
                Arguments.of(WrongPlugins.ForgetsAnFd.class, "asksAndLeaves", "never closed: "),
                Arguments.of(WrongPlugins.HidesANumber.class, "asksAndLeaves", "open numbers: "),
                Arguments.of(WrongPlugins.Throws.class, "isHungUpOn", "callbacks of plugin throws threw"),
                Arguments.of(WrongPlugins.Throws.class, "asksAndLeaves", "expected \"hello\" and there is nothing"),
                Arguments.of(WrongPlugins.CannotBeConfigured.class, "asksAndLeaves", "thrown by configure"));
    }

    @ParameterizedTest
    @MethodSource("plugins")
    void shouldFailInEachWorld(Class<? extends Plugin> plugin, String test, String why) {
        wrong = plugin;
        System.setProperty("sim.seeds", Integer.toString(SEEDS * EachWorldExtension.DIVISOR));
        Map<String, TestExecutionResult> runs = ContractRun.each(Tests.class, test, SOON);
        assertThat(runs).hasSize(1 + SEEDS).containsKey("real");
        runs.forEach((world, result) -> assertThat(result.getThrowable())
                .as(world)
                .hasValueSatisfying(thrown -> assertThat(thrown).hasMessageContaining(why)));
    }

    /** What it takes to see a failure again. */
    @Test
    void shouldTellTheSeedAndRunItAgain() {
        wrong = WrongPlugins.NeverCloses.class;
        System.setProperty("seed", "7");
        Map<String, TestExecutionResult> runs = ContractRun.each(Tests.class, "asksAndLeaves", SOON);
        assertThat(runs).containsOnlyKeys("simulation, seed 7");
        String message = message(runs);
        assertThat(message)
                .contains("-Dseed=7 -Dtest=Tests#asksAndLeaves")
                .contains("peer.send")
                .contains("L0");
        assertThat(message(ContractRun.each(Tests.class, "asksAndLeaves", SOON)))
                .as("the same trace, line by line")
                .isEqualTo(message);
    }

    private static String message(Map<String, TestExecutionResult> runs) {
        List<String> messages = new ArrayList<>();
        runs.values()
                .forEach(each -> messages.add(
                        Objects.requireNonNull(each.getThrowable().orElseThrow().getMessage())));
        assertThat(messages).hasSize(1);
        return messages.get(0);
    }

    /** Of a failure outside of the simulation one wants the table and the threads. */
    @Test
    void shouldShowTheTableAndTheThreads() {
        wrong = WrongPlugins.NeverCloses.class;
        System.setProperty("sim.seeds", "1");
        TestExecutionResult real = Objects.requireNonNull(
                ContractRun.each(Tests.class, "asksAndLeaves", SOON).get("real"));
        assertThat(real.getThrowable().orElseThrow().getSuppressed()[0])
                .hasMessageContaining("downstream")
                .hasMessageContaining("baton-loop-1");
    }

    @Test
    void shouldNotLeaveAWorldOutWithoutAReason() {
        assertThat(ContractRun.run(Tests.class, "withoutAReason", SOON))
                .hasValueSatisfying(
                        thrown -> assertThat(thrown).hasMessageContaining("[REAL] only and does not say why"));
        assertThat(ContractRun.run(Tests.class, "withoutAWorld", SOON))
                .hasValueSatisfying(thrown -> assertThat(thrown).hasMessageContaining("in no world"));
    }

    /** Nested, so that the build does not run them. */
    static class Tests {
        @InEachWorld
        void asksAndLeaves(PluginWorld world) {
            world.plugin(wrong);
            serve(world);
            Peer client = world.connect("web");
            client.send("hello");
            client.expect("hello");
        }

        @InEachWorld
        void isHungUpOn(PluginWorld world) {
            world.plugin(wrong);
            serve(world);
            Peer client = world.connect("web");
            client.send("hello");
            assertThat(client.readAll()).isEmpty();
        }

        private static void serve(PluginWorld world) {
            world.start("""
                    listeners: { web: { bind: "127.0.0.1:0", service: wrong } }
                    services: { wrong: { type: wrong } }
                    """);
        }

        @InEachWorld(worlds = Where.REAL)
        void withoutAReason(PluginWorld world) {}

        @InEachWorld(worlds = {})
        void withoutAWorld(PluginWorld world) {}
    }
}
