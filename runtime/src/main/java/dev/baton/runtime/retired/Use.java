package dev.baton.runtime.retired;

/** Something that may still use a version of a plugin that was replaced. Any thread, one at a time. */
public interface Use {
    /** Has go over to the new version what can, and says how much still uses the old one. */
    long count();

    /**
     * Words for it.
     *
     * @param count how much there is
     */
    String words(long count);
}
