package dev.baton.runtime.posix;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProcessorsTest {
    @TempDir
    Path folder;

    private void put(String file, String text) throws IOException {
        Path path = folder.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text + "\n");
    }

    private Processors memberOf(String... lines) throws IOException {
        put("cgroup", String.join("\n", lines));
        return new Processors(folder.resolve("cgroup"), folder.resolve("sys"));
    }

    @Test
    void shouldReadVersion2() throws Exception {
        put("sys/cgroup.controllers", "cpu memory");
        put("sys/shop/web/cpu.max", "150000 100000");
        Processors processors = memberOf("0::/shop/web");
        assertThat(processors.quota()).hasValue(1.5);
        put("sys/shop/cpu.max", "50000 100000");
        assertThat(processors.quota()).as("the narrowest holds").hasValue(0.5);
        put("sys/shop/cpu.max", "max 100000");
        put("sys/shop/web/cpu.max", "max 100000");
        assertThat(processors.quota()).isEmpty();
    }

    @Test
    void shouldReadVersion1() throws Exception {
        put("sys/cpu,cpuacct/shop/cpu.cfs_quota_us", "250000");
        put("sys/cpu,cpuacct/shop/cpu.cfs_period_us", "50000");
        Processors processors = memberOf("5:memory:/else", "3:cpuset:/", "4:cpu,cpuacct:/shop");
        assertThat(processors.quota()).hasValue(5);
        put("sys/cpu,cpuacct/shop/cpu.cfs_quota_us", "-1");
        assertThat(processors.quota()).isEmpty();
    }

    @Test
    void shouldReadVersion1BesideVersion2() throws Exception {
        put("sys/cpu/shop/cpu.cfs_quota_us", "200000");
        put("sys/cpu/shop/cpu.cfs_period_us", "100000");
        put("sys/unified/shop/cpu.max", "100000 100000");
        assertThat(memberOf("1:cpu:/shop", "0::/shop").quota()).hasValue(1);
    }

    /** The path is the host's, and the mount shows the container's own cgroup as its root. */
    @Test
    void shouldReadTheRootWhereThePathIsNotToBeSeen() throws Exception {
        put("sys/cgroup.controllers", "cpu");
        put("sys/cpu.max", "300000 100000");
        assertThat(memberOf("0::/docker/4711").quota()).hasValue(3);
        assertThat(memberOf("0::/../../etc").quota()).as("outside").hasValue(3);
    }

    @ParameterizedTest
    @CsvSource({"''", "max", "x y", "0 100000", "100000 0", "-5 100000", "1 2 3"})
    void shouldTakeForNoLimitWhatIsNone(String text) throws Exception {
        put("sys/cgroup.controllers", "cpu");
        put("sys/cpu.max", text);
        assertThat(memberOf("0::/").quota()).isEqualTo(OptionalDouble.empty());
    }

    @Test
    void shouldCountWhatTheJvmDoesWhereThereIsNoCgroup() {
        Processors none = new Processors(folder.resolve("none"), folder.resolve("none"));
        assertThat(none.count()).isEqualTo(Runtime.getRuntime().availableProcessors());
    }

    @Test
    void shouldRoundUpAndStayWithinWhatThereIs() throws Exception {
        put("sys/cgroup.controllers", "cpu");
        put("sys/cpu.max", "1 100000");
        assertThat(memberOf("0::/").count()).isEqualTo(1);
        put("sys/cpu.max", "100000000 100000");
        assertThat(memberOf("0::/").count()).isEqualTo(Runtime.getRuntime().availableProcessors());
    }
}
