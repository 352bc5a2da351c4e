package dev.baton.runtime.launcher.keep;

import java.util.HashMap;
import java.util.Map;

/**
 * A message of sd_notify(3): lines of {@code KEY=VALUE}. Lines that are none are left out, and of two with one key the
 * last counts, as systemd has it.
 */
final class Notification {
    /** systemd's limit. */
    private static final int NAME_CHARS_MAX = 255;

    private static final String TRUE = "1";

    private final Map<String, String> fields = new HashMap<>();

    /** Reads a message, whatever is in it. */
    Notification(String text) {
        for (String line : text.split("\n", -1)) {
            int equals = line.indexOf('=');
            if (equals > 0) {
                fields.put(line.substring(0, equals), line.substring(equals + 1));
            }
        }
    }

    private boolean says(String key) {
        return TRUE.equals(fields.get(key));
    }

    /** The process serves. */
    boolean isReady() {
        return says("READY");
    }

    /** The process ends on purpose. */
    boolean isStopping() {
        return says("STOPPING");
    }

    /** The fds that came with it are to be held. */
    boolean stores() {
        return says("FDSTORE");
    }

    /** Those of its name are to be closed. */
    boolean removes() {
        return says("FDSTOREREMOVE");
    }

    /** The name of fds; empty if there is none that can be passed on by. */
    String fdName() {
        String name = fields.getOrDefault("FDNAME", "");
        boolean fits = name.length() <= NAME_CHARS_MAX && name.chars().allMatch(c -> c > ' ' && c < 0x7f && c != ':');
        return fits ? name : "";
    }

    /** The process that is the server from here on; 0 if it says nothing of it. */
    int mainPid() {
        String pid = fields.getOrDefault("MAINPID", "");
        return pid.matches("[1-9][0-9]{0,8}") ? Integer.parseInt(pid) : 0;
    }
}
