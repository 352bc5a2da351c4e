package dev.baton.runtime.launcher.dev;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the JVM of a server is given for development. */
class DevSupervisorTest {

    @Test
    void shouldAddADebuggerOnAFreePortBeforeWhatTheUserSets() throws Exception {
        String options = DevSupervisor.environment(Map.of("BATON_JAVA_OPTS", "-Xmx1g -da"))
                .get("BATON_JAVA_OPTS");
        assertThat(options)
                .contains(" -agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=127.0.0.1:0 ")
                .startsWith("-ea ")
                .endsWith(" -Xmx1g -da");
        assertThat(DevSupervisor.environment(Map.of()).get("BATON_JAVA_OPTS")).endsWith("address=127.0.0.1:0");
    }

    @Test
    void shouldRefuseADebuggerThatOnlyOneProcessCanHave() {
        assertThatThrownBy(() -> DevSupervisor.environment(
                        Map.of("JAVA_TOOL_OPTIONS", "-agentlib:jdwp=transport=dt_socket,address=5005")))
                .hasMessageStartingWith("JAVA_TOOL_OPTIONS starts a debugger on an address of its own");
    }
}
