package dev.baton.runtime.launcher.rehearsal;

import dev.baton.runtime.launcher.admin.AdminClient;
import dev.baton.runtime.launcher.admin.AdminException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** The threads of loops sleep, as in a plugin that waits for something; others take their connections over. */
final class BlockedLoops implements Rehearsal {
    private final boolean all;

    private BlockedLoops(boolean all) {
        this.all = all;
    }

    /** One loop: the others have to go on for it. */
    static BlockedLoops one() {
        return new BlockedLoops(false);
    }

    /** All loops: spare ones have to come. */
    static BlockedLoops all() {
        return new BlockedLoops(true);
    }

    @Override
    public String name() {
        return all ? "blocked-loops" : "blocked-loop";
    }

    @Override
    public String does() {
        return all
                ? "blocks all loops at once; spare loops have to serve"
                : "blocks one loop; the others have to take its connections over";
    }

    @Override
    public Optional<String> obstacle(ServedProcess process, Wishes wishes) throws AdminException {
        return all || process.sharedLoops().size() > 1
                ? Optional.empty()
                : Optional.of("the process has one loop only; blocked-loops is for that");
    }

    @Override
    public void play(Scene scene) throws AdminException {
        ServedProcess process = scene.process();
        List<Integer> loops = process.sharedLoops();
        List<AdminClient.Pending> blocks = new ArrayList<>();
        for (int loop : all ? loops : loops.subList(0, 1)) {
            blocks.add(process.block(loop, scene.wishes().time()));
        }
        String named = (all ? loops : loops.subList(0, 1))
                .stream().map(String::valueOf).collect(Collectors.joining(", "));
        for (AdminClient.Pending each : blocks) {
            each.answer(); // when the loop goes on
        }
        scene.tell((blocks.size() == 1 ? "loop " : "loops ") + named + " of " + loops.size() + " blocked for "
                + Scene.seconds(scene.wishes().time().toMillis()));
    }
}
