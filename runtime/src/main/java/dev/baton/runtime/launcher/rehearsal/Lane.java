package dev.baton.runtime.launcher.rehearsal;

import dev.baton.runtime.launcher.admin.AdminException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** A service gets all the requests that it can take, and has to be moved to loops of its own for it. */
final class Lane implements Rehearsal {
    private static final Pattern OPEN =
            Pattern.compile("^baton_lane_open\\{[^}]*service=\"([^\"]*)\"[^}]*} ([01])(?:\\.0)?$", Pattern.MULTILINE);
    private static final Pattern USED =
            Pattern.compile("^baton_lane_used_percent\\{[^}]*service=\"([^\"]*)\"[^}]*} ([0-9]+)", Pattern.MULTILINE);
    private static final Duration OPENS = Duration.ofSeconds(30);
    private static final Duration CLOSES = Duration.ofMinutes(2);
    private static final Duration LOOK = Duration.ofMillis(100);
    /** Greedy clients for each one that counts. */
    private static final int GREEDY_PER_CLIENT = 2;

    @Override
    public String name() {
        return "lane";
    }

    @Override
    public String does() {
        return "floods a service that has `lane:` with requests; it has to get loops of its own, and give them back";
    }

    @Override
    public Optional<String> obstacle(ServedProcess process, Wishes wishes) throws AdminException {
        Set<String> services = services(process);
        if (services.isEmpty()) {
            return Optional.of("no service has `lane:` in the configuration");
        }
        Set<String> open = open(process);
        if (!open.isEmpty()) {
            return Optional.of(String.join(", ", open) + " has loops of its own already");
        } else if (flooded(process, wishes).isEmpty()) {
            return Optional.of("no listener of " + String.join(", ", services) + " takes HTTP/1.1 requests");
        }
        return process.rows("/v1/listeners").stream().allMatch(each -> services.contains(each.getString("service")))
                ? Optional.of("every listener is for " + String.join(", ", services)
                        + ": there are no clients of others, who are to notice nothing")
                : Optional.empty();
    }

    @Override
    public boolean counts(Endpoint endpoint, ServedProcess process) throws AdminException {
        return !services(process).contains(endpoint.service());
    }

    private static List<Endpoint> flooded(ServedProcess process, Wishes wishes) throws AdminException {
        Set<String> services = services(process);
        List<Endpoint> all = new ArrayList<>();
        for (Endpoint each : RehearsalRun.endpoints(process, wishes)) {
            if (each.http() && services.contains(each.service())) {
                all.add(each);
            }
        }
        return all;
    }

    private static Set<String> services(ServedProcess process) throws AdminException {
        return OPEN.matcher(process.admin().get("/metrics"))
                .results()
                .map(each -> each.group(1))
                .collect(Collectors.toSet());
    }

    private static Set<String> open(ServedProcess process) throws AdminException {
        return OPEN.matcher(process.admin().get("/metrics"))
                .results()
                .filter(each -> each.group(2).equals("1"))
                .map(each -> each.group(1))
                .collect(Collectors.toSet());
    }

    private static String used(ServedProcess process, String service) throws AdminException {
        return USED.matcher(process.admin().get("/metrics"))
                .results()
                .filter(each -> each.group(1).equals(service))
                .map(each -> each.group(2))
                .findFirst()
                .orElse("0");
    }

    @Override
    public void play(Scene scene) throws AdminException {
        ServedProcess process = scene.process();
        Endpoint flooded = flooded(process, scene.wishes()).get(0);
        try (Connections greedy = new Connections(scene.wishes().manners().greedy())) {
            Trial trial = Trial.of(greedy, flooded).join();
            if (trial.problem().isPresent()) {
                scene.fail(flooded.shown() + " cannot be flooded: "
                        + trial.problem().get());
                return;
            }
            long begun = System.nanoTime();
            scene.clients()
                    .press(
                            greedy,
                            flooded,
                            trial,
                            GREEDY_PER_CLIENT * scene.wishes().clients());
            boolean opened = await(scene, flooded.service(), true, OPENS);
            if (opened) {
                scene.tell("service " + flooded.service() + " got loops of its own after " + seconds(begun));
                scene.sleep(scene.wishes().time());
            } else {
                scene.fail("service " + flooded.service() + " got no loops of its own within " + OPENS.toSeconds()
                        + " s; at the end it took " + used(process, flooded.service())
                        + " % of the processor time that the other loops can have");
            }
            scene.clients().relax(greedy);
            long relaxed = System.nanoTime();
            if (opened && await(scene, flooded.service(), false, CLOSES)) {
                scene.tell("it gave them back " + seconds(relaxed) + " after the flood");
            } else if (opened) {
                scene.fail("service " + flooded.service() + " still has loops of its own " + CLOSES.toSeconds()
                        + " s after the flood");
            }
        }
    }

    private static boolean await(Scene scene, String service, boolean open, Duration patience) throws AdminException {
        long begun = System.nanoTime();
        while (open(scene.process()).contains(service) != open) {
            if (System.nanoTime() - begun > patience.toNanos()) {
                return false;
            }
            scene.sleep(LOOK);
        }
        return true;
    }

    private static String seconds(long begun) {
        return Scene.seconds(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun));
    }
}
