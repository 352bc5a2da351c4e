package dev.baton.runtime.upstream;

import dev.baton.runtime.config.ServerConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * The weights of servers by those of their SRV records of one priority, which go up to 65535 and may be 0 (RFC 2782).
 * They stay as they are if they can: 1 to {@value ServerConfig#WEIGHT_MAX}, or all 0, which is 1 each. Otherwise the
 * greatest becomes {@value ServerConfig#WEIGHT_MAX} and the others are in proportion, 1 at least: a record of weight 0
 * beside others means "very rarely", and a server of weight 0 would get nothing.
 */
final class SrvWeights {
    private final int greatest;
    private final boolean scaled;

    private SrvWeights(int greatest, boolean scaled) {
        this.greatest = greatest;
        this.scaled = scaled;
    }

    /** Those of records of one priority. */
    static SrvWeights of(List<SrvRecord> records) {
        int greatest = records.stream().mapToInt(SrvRecord::weight).max().orElse(0);
        boolean rare = greatest > 0 && records.stream().anyMatch(each -> each.weight() == 0);
        return new SrvWeights(greatest, rare || greatest > ServerConfig.WEIGHT_MAX);
    }

    /** The weight of one of their servers. */
    int weight(SrvRecord record) {
        int weight = scaled
                ? (int) Math.round((double) record.weight() * ServerConfig.WEIGHT_MAX / greatest)
                : record.weight();
        return Math.max(1, weight);
    }

    /** Records in the order of their priorities, those of each together. */
    static List<List<SrvRecord>> byPriority(List<SrvRecord> records) {
        TreeMap<Integer, List<SrvRecord>> all = new TreeMap<>();
        records.forEach(each -> all.computeIfAbsent(each.priority(), priority -> new ArrayList<>())
                .add(each));
        return List.copyOf(all.values());
    }
}
