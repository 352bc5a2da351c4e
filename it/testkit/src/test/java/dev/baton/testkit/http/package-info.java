/** Tests of the test kit for HTTP filters and handlers. */
@NullMarked
package dev.baton.testkit.http;

import org.jspecify.annotations.NullMarked;
