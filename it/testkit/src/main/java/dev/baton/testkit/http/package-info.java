/** Unit tests of HTTP filters and handlers: an exchange without a server, and the contracts. */
@NullMarked
package dev.baton.testkit.http;

import org.jspecify.annotations.NullMarked;
