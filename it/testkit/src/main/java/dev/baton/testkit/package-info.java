/** Fakes, fixtures and contract tests for tests of plugins and of the runtime. */
@NullMarked
package dev.baton.testkit;

import org.jspecify.annotations.NullMarked;
