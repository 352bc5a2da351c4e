/** Fakes, fixtures and contract tests for whoever tests a plugin or the runtime. */
@NullMarked
package dev.baton.testkit;

import org.jspecify.annotations.NullMarked;
