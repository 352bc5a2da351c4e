package dev.baton.runtime.config;

/**
 * Permissions of a file in the configuration, as chmod(1) has them: {@code "0660"}.
 *
 * @param bits 0 to 0777
 */
public record FileMode(int bits) {
    @Override
    public String toString() {
        return "0" + Integer.toOctalString(bits);
    }
}
