package dev.baton.plugin.admin.access;

/**
 * Who asks.
 *
 * @param name of the token; or, where no tokens are needed, where the request comes from
 * @param role what they may do
 */
public record Caller(String name, Role role) {
    /** Whether they may change something. */
    public boolean mayAct() {
        return role == Role.ACT;
    }
}
